// What the console uses of noVNC, which comes without types.
declare module '@novnc/novnc' {
    export default class RFB extends EventTarget {
        constructor(target: Element, channel: WebSocket, options?: { shared?: boolean });
        background: string;
        clipViewport: boolean;
        scaleViewport: boolean;
        viewOnly: boolean;
        focusOnClick: boolean;
        showDotCursor: boolean;
        focus(options?: FocusOptions): void;
        blur(): void;
        disconnect(): void;
        sendKey(keysym: number, code: string, down?: boolean): void;
        sendCtrlAltDel(): void;
        sendCredentials(credentials: { password: string }): void;
    }
}
