import { constants } from 'node:http2';
/** Calls `listener` when the connection of a response has closed, which may have happened already; perhaps twice. */
export function whenClosed({ raw, request }, listener) {
    raw.on('close', listener);
    const { stream } = raw;
    if (stream?.destroyed ?? raw.destroyed)
        listener();
    else if (raw.socket === null)
        whenSocketCloses(request.raw.socket, raw, listener);
}
/** Whether the client stayed until the whole response was sent. */
export function wasSent({ raw, request }) {
    if (!raw.writableEnded)
        return false;
    const { stream } = raw;
    // Not `aborted`: that is only for a stream whose writable side is still open.
    if (stream !== undefined)
        return stream.rstCode === constants.NGHTTP2_NO_ERROR;
    // Once sent, a response has let go of its socket; one to inject() never does, but cannot lose it either. Node 20 says
    // `finish` of a response whose socket has failed.
    const { socket } = request.raw;
    return raw.socket === null ? raw.writableFinished && !socket.errored : !socket.destroyed;
}
const queues = new WeakMap();
/**
 * A response to a pipelined request has no socket until it is its turn, and is told nothing when the socket closes
 * before. One listener serves all the responses in a socket's queue.
 */
function whenSocketCloses(socket, raw, listener) {
    const queue = queues.get(socket) ?? new Set();
    if (!queues.has(socket)) {
        queues.set(socket, queue);
        socket.once('close', () => {
            for (const closed of queue)
                closed();
        });
    }
    queue.add(listener);
    raw.on('close', () => queue.delete(listener));
}
