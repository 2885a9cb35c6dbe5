import type { FastifySchema } from 'fastify'

/** Keeps a route out of the host's API description: OpenAPI has no words for a WebSocket, and @fastify/swagger would promise 200. */
export const unlisted: FastifySchema & { readonly hide: true } = { hide: true }
