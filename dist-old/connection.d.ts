import type { FastifyReply } from 'fastify';
/** Calls `listener` when the connection of a response has closed, which may have happened already; perhaps twice. */
export declare function whenClosed({ raw, request }: FastifyReply, listener: () => void): void;
/** Whether the client stayed until the whole response was sent. */
export declare function wasSent({ raw, request }: FastifyReply): boolean;
