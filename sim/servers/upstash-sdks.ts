/**
 * The vendor's own clients, as the edge ships them, so that the stand-ins are proven against the
 * very version that talks to them.
 */
export { Client, Receiver } from "../../edge/node_modules/@upstash/qstash/index.mjs";
export { Ratelimit } from "../../edge/node_modules/@upstash/ratelimit/dist/index.mjs";
export { Redis } from "../../edge/node_modules/@upstash/redis/nodejs.mjs";
