/**
 * The vendor's own clients, in the versions that the edge ships (one catalog for both), so that
 * the stand-ins are proven against the very code that talks to them.
 */
export { Client, Receiver } from "@upstash/qstash";
export { Ratelimit } from "@upstash/ratelimit";
export { Redis } from "@upstash/redis";
