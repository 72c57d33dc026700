# The bytes host: the registry's HTTP surfaces on plain Node. `npm run build` makes what is copied; nothing is installed here.
#
#   npm run build && docker build -t longshore-host .
#
# NODE_IMAGE may be any image with Node 22 or newer; the default holds Node, what it links to and certificates, and no shell.
ARG NODE_IMAGE=gcr.io/distroless/nodejs24-debian12:nonroot
FROM ${NODE_IMAGE}
WORKDIR /app
COPY dist/host/ ./
# Where images of Node have it: distroless, and the official one.
ENV NODE_ENV=production PATH=/nodejs/bin:/usr/local/bin:/usr/bin:/bin
# A number, so that a platform can see that it is not root without reading /etc/passwd.
USER 65532:65532
EXPOSE 8080
# What arrives lies outside of V8's young generation and is freed only when that is collected: kept small, memory stays bounded.
# Nothing is written to disk.
ENTRYPOINT ["node", "--max-semi-space-size=1", "host.mjs"]
