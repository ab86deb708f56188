# The executor. Nothing is built: Node runs the TypeScript as it stands, and keeps what it compiled.
# tools/deploy.test.ts runs these lines in an empty folder on only the files that they copy.

FROM litestream/litestream:0.5.16 AS litestream

FROM node:24.21.0-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json pnpm-workspace.yaml pnpm-lock.yaml ./
COPY patches patches/
COPY executor/package.json executor/
COPY shared/package.json shared/
RUN npx -y pnpm@12.21.0 install --frozen-lockfile --prod --filter "@raptor/executor..."

FROM node:24.21.0-bookworm-slim
WORKDIR /app
# The backup sidecar with the certificates that it needs; idle unless BUCKET_NAME is set.
COPY --from=litestream /usr/local/bin/litestream /usr/local/bin/litestream
COPY --from=litestream /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY litestream.yml /etc/litestream.yml
COPY --from=dependencies /app ./
COPY shared shared/
COPY executor executor/
# The command line: `fly ssh console -C "raptor status"`.
COPY executor/raptor.sh /usr/local/bin/raptor

# The launcher stays root to do two things that only root may: it gives each child a user of its
# own and the signer a network namespace without a network. Neither child can read the other's
# memory or environment, nor the launcher's. Numbers need no entry in /etc/passwd.
ENV NODE_ENV=production \
    DATA_DIR=/data \
    MAIN_UID=10001 \
    MAIN_GID=10001 \
    SIGNER_UID=10002 \
    SIGNER_GID=10002 \
    SIGNER_NETNS=1 \
    NODE_COMPILE_CACHE=/app/compile-cache
RUN /app/executor/compile-ahead.sh

EXPOSE 8080 9091
ENTRYPOINT ["/app/executor/container-entry.sh"]
CMD ["node", "/app/executor/launch.ts"]
