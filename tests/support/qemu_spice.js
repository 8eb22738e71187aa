// QEMU's own SPICE server, as its command line has it.

/** @param {{ port?: number, tlsPort?: number, certificate?: string, key?: string, passwordFile?: string }} options
 *         a port, or a port of TLS with a certificate that vouches for itself; without a password anybody may come
 *  @returns {string[]} */
export function spiceArguments({ port, tlsPort, certificate, key, passwordFile }) {
    const words = ['addr=127.0.0.1', 'seamless-migration=on'];
    if (port) words.push(`port=${port}`);
    if (tlsPort) {
        words.push(`tls-port=${tlsPort}`, `x509-cert-file=${certificate}`, `x509-key-file=${key}`);
        words.push(`x509-cacert-file=${certificate}`);
    }
    // However slow the way seems: what arrives are the pixels that the machine has drawn.
    words.push('streaming-video=off', 'jpeg-wan-compression=never');
    words.push(passwordFile ? 'password-secret=password' : 'disable-ticketing=on');
    const secret = passwordFile ? ['-object', `secret,id=password,file=${passwordFile}`] : [];
    return [...secret, '-spice', words.join(',')];
}
