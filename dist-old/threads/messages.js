const kThreadMessage = 'fastify-background-tasks';
/** In an envelope, as tasks may send messages of their own. */
export function envelop(message) {
    return { [kThreadMessage]: message };
}
/** What is in the envelope; nothing where it is none of ours. */
export function open(envelope) {
    return envelope?.[kThreadMessage];
}
