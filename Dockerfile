# One image for everything: the server in Loki's place, the collector in Alloy's place, the command line, the page and
# the sample shop.
#
#   docker build -t logboom:0.1.0 .
#   docker run --rm -p 127.0.0.1:3100:3100 logboom:0.1.0                    # everything in one, with a sample shop
#   docker run --rm -p 127.0.0.1:3100:3100 --user 0 \
#     -v /var/run/docker.sock:/var/run/docker.sock:ro logboom:0.1.0         # … with every container of this host
#
# Other bases: both need Node 26 in PATH and glibc; the build needs a shell, the result does not.
#   docker build --build-arg BUILD_IMAGE=registry.local/node:26 --build-arg RUNTIME_IMAGE=registry.local/node:26 .
ARG BUILD_IMAGE=node:26.10.0-bookworm-slim
ARG RUNTIME_IMAGE=node:26.10.0-bookworm-slim

FROM ${BUILD_IMAGE} AS build
WORKDIR /src
COPY package.json package-lock.json ./
# A build image that brings /src/node_modules along, for machines without a network, is taken as it is. Install scripts
# would only fetch a second Node.
RUN test -d node_modules || npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN node --run build:kernels && node --run build:page && node build/bundle.ts
# Laid out as it shall lie in the image, with the command in PATH and an empty folder to mount volumes on.
RUN mkdir -p /image/opt/logboom /image/usr/local/bin /empty \
    && mv dist LICENSE /image/opt/logboom/ \
    && ln -s /opt/logboom/dist/logboom.js /image/usr/local/bin/logboom

FROM ${RUNTIME_IMAGE}
LABEL org.opencontainers.image.title="Logboom" \
      org.opencontainers.image.description="Collects, keeps and searches the logs of every container on a host." \
      org.opencontainers.image.licenses="Apache-2.0"
ENV NODE_ENV=production
COPY --from=build /image/ /
# The number grafana/loki uses, so that a volume can change hands. A new named volume takes over owner and mode.
COPY --from=build --chown=10001:10001 /empty /loki
COPY --from=build --chown=10001:10001 /empty /var/lib/alloy/data
# No root for the server. The collector needs the Docker socket: see the user of `alloy` in deploy/lab.
USER 10001:10001
EXPOSE 3100 12345
# For the server; the compose files override it for the other roles.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["logboom", "health"]
# Node is process 1 and handles SIGTERM itself; what it starts (the sample shop), it waits for.
ENTRYPOINT ["logboom"]
CMD ["up", "--listen=0.0.0.0:3100", "--data=/loki"]
