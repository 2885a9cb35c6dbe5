import type { FastifySchema } from 'fastify'

/** Keeps a route out of the host's API description: OpenAPI cannot describe a WebSocket, and @fastify/swagger would promise a 200. */
export const unlisted: FastifySchema & { readonly hide: true } = { hide: true }
