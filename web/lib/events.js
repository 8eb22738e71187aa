/**
 * What a VmAgent and a Transfer tell, each with its properties.
 */

/** `connect`: the bridge has welcomed us. */
export class ConnectEvent extends Event {
    /** @param {boolean} resumed  the former connection goes on: same client, same transfers */
    constructor(resumed) {
        super('connect');
        this.resumed = resumed;
    }
}

/** `disconnect`: a connection or an attempt has ended. */
export class DisconnectEvent extends Event {
    /** @param {import('./loss.js').Loss} loss */
    constructor({ error, code, retryIn }) {
        super('disconnect');
        /** Why, with a code of the table. */
        this.error = error;
        /** The WebSocket's close code; 0: it was never opened. */
        this.code = code;
        /** Milliseconds until it is tried again; null: it will not be. */
        this.retryIn = retryIn;
    }
}

/** `agent`: the guest's agent has come, gone or changed. */
export class AgentEvent extends Event {
    /** @param {boolean} connected @param {readonly string[]} capabilities */
    constructor(connected, capabilities) {
        super('agent');
        this.connected = connected;
        this.capabilities = capabilities;
    }
}

/** `permissions`: what we may do has changed. */
export class PermissionsEvent extends Event {
    /** @param {ReadonlySet<string>} permissions @param {import('./agent.js').Limits} limits */
    constructor(permissions, limits) {
        super('permissions');
        this.permissions = permissions;
        this.limits = limits;
    }
}

/** `clipboardoffer`: somebody else owns a selection now, or nobody (`formats` is empty). */
export class ClipboardOfferEvent extends Event {
    /** @param {string} selection @param {readonly string[]} formats  MIME names @param {number | undefined} serial */
    constructor(selection, formats, serial) {
        super('clipboardoffer');
        this.selection = selection;
        this.formats = formats;
        this.serial = serial;
    }
}

/** `clients`: who else is connected. */
export class ClientsEvent extends Event {
    /** @param {readonly import('./agent.js').Client[]} clients */
    constructor(clients) {
        super('clients');
        this.clients = clients;
    }
}

/** `lead`: who sizes the display now. */
export class LeadEvent extends Event {
    /** @param {number | string | null} client @param {boolean} you */
    constructor(client, you) {
        super('lead');
        this.client = client;
        this.you = you;
    }
}

/** `transfer`: a file is on its way; its own events tell the rest. */
export class TransferEvent extends Event {
    /** @param {import('./transfer.js').Transfer} transfer */
    constructor(transfer) {
        super('transfer');
        this.transfer = transfer;
    }
}

/** `error`: a frame of ours was refused and nobody waited for it, or one of the bridge's was not understood. */
export class ErrorEvent extends Event {
    /** @param {import('./codes.js').VmError} error */
    constructor(error) {
        super('error');
        this.error = error;
        this.code = error.code;
        this.message = error.message;
        this.about = error.about;
    }
}

/**
 * @typedef {object} AgentEvents
 * @property {ConnectEvent} connect
 * @property {DisconnectEvent} disconnect
 * @property {AgentEvent} agent
 * @property {PermissionsEvent} permissions
 * @property {ClipboardOfferEvent} clipboardoffer
 * @property {ClientsEvent} clients
 * @property {LeadEvent} lead
 * @property {TransferEvent} transfer
 * @property {ErrorEvent} error
 */
