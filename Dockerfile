# The images of Pawl: `--target inference`, `--target controller`, `--target cli`, for linux/amd64 and linux/arm64.
#
#   docker build --target inference -t pawl-inference:dev .
#
# `npm run ci:build` does the same with docker or buildah, and the same bytes twice. What runs is joined JavaScript
# (docs/decisions/0006) beside the Node binary and the libraries that it loads (docs/decisions/0025): no npm, no package
# manager, no sources. Nothing is run for the target platform, so no emulator is needed. Base images are pinned by digest where
# it matters:
#
#   --build-arg NODE_IMAGE=docker.io/library/node:24-bookworm-slim@sha256:…
#
# (`npm run -s ci:build-args` prints those of today.) Node and Debian are the same Debian, so that the Node binary finds the
# libraries it was made for.
ARG NODE_IMAGE=docker.io/library/node:24-bookworm-slim
ARG DEBIAN_IMAGE=docker.io/library/debian:bookworm-slim
# Of the image of MLflow's server alone.
ARG PYTHON_IMAGE=docker.io/library/python:3.11-slim-bookworm
# Compiling runs on BUILDPLATFORM, the machine's own, because the result is the same for all. It and TARGETARCH are the builder's
# to set: an ARG with a default would hide what it sets, and the image of arm64 would hold programs for amd64.

# --- Node of the target platform ---------------------------------------------------------------------------------------
FROM ${NODE_IMAGE} AS node

# --- Compile and join, on the machine's own platform -------------------------------------------------------------------
FROM --platform=${BUILDPLATFORM} ${NODE_IMAGE} AS packages
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
COPY apps/shared/package.json apps/shared/
COPY apps/inference/package.json apps/inference/
COPY apps/controller/package.json apps/controller/
COPY apps/cli/package.json apps/cli/

FROM packages AS sources
RUN --mount=type=cache,target=/root/.npm npm ci --ignore-scripts --no-audit
COPY tsconfig.base.json ./
COPY scripts/bundle-programs.js scripts/
COPY apps/shared apps/shared

# One stage an app: what one of them changes builds no other again.
FROM sources AS build-inference
COPY apps/inference apps/inference
RUN npx tsc -b apps/inference && node scripts/bundle-programs.js inference && rm apps/inference/dist/bundle/*.map

FROM sources AS build-controller
COPY apps/controller apps/controller
RUN npx tsc -b apps/controller && node scripts/bundle-programs.js controller && rm apps/controller/dist/bundle/*.map

FROM sources AS build-cli
COPY apps/cli apps/cli
RUN npx tsc -b apps/cli && node scripts/bundle-programs.js cli && rm apps/cli/dist/bundle/*.map \
    && chmod +x apps/cli/dist/bundle/main.js

# --- Packages with native code or data, for the target platform --------------------------------------------------------
# Joined files need these beside them and nothing else. onnxruntime-node brings libraries for four platforms and 288 MB; one
# of them serves. sharp's libvips is an optional package a platform, so npm is told which one.
FROM packages AS native
ARG TARGETARCH
RUN --mount=type=cache,target=/root/.npm \
    case "$TARGETARCH" in amd64) cpu=x64 ;; arm64) cpu=arm64 ;; *) echo "no onnxruntime for $TARGETARCH"; exit 1 ;; esac \
    && npm ci --ignore-scripts --no-audit --omit=dev --os=linux --libc=glibc --cpu="$cpu" \
         --workspace @pawl/inference --workspace @pawl/cli --workspace @pawl/shared \
    && mkdir -p /native/models /native/inference /native/cli && cd node_modules \
    && cp -R --parents --target-directory=/native/models \
         onnxruntime-node/package.json onnxruntime-node/dist "onnxruntime-node/bin/napi-v6/linux/$cpu" \
         onnxruntime-common/package.json onnxruntime-common/dist/cjs \
         sharp semver detect-libc @img/colour "@img/sharp-linux-$cpu" "@img/sharp-libvips-linux-$cpu" \
    && cp -R --parents --target-directory=/native/inference \
         swagger-ui-dist/package.json swagger-ui-dist/LICENSE swagger-ui-dist/NOTICE \
         swagger-ui-dist/swagger-ui.css swagger-ui-dist/swagger-ui-bundle.js \
    && cp -R --parents --target-directory=/native/cli \
         @resvg/resvg-js "@resvg/resvg-js-linux-$cpu-gnu" dejavu-fonts-ttf/package.json dejavu-fonts-ttf/LICENSE \
         dejavu-fonts-ttf/ttf/DejaVuSans.ttf dejavu-fonts-ttf/ttf/DejaVuSans-Bold.ttf \
    && cd /native && rm -rf models/sharp/src models/sharp/install \
    && find . \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' \) -delete

# --- What the images owe to others, as text and for scanners -----------------------------------------------------------
FROM build-inference AS notices-inference
COPY scripts/images/*.ts scripts/images/
COPY images/licences images/licences
COPY --from=native /native/models /native/inference /packages/
RUN node --no-warnings scripts/images/write-notices.ts inference /packages /notices

FROM build-controller AS notices-controller
COPY scripts/images/*.ts scripts/images/
COPY images/licences images/licences
RUN node --no-warnings scripts/images/write-notices.ts controller - /notices

FROM build-cli AS notices-cli
COPY scripts/images/*.ts scripts/images/
COPY images/licences images/licences
COPY --from=native /native/models /native/cli /packages/
RUN node --no-warnings scripts/images/write-notices.ts cli /packages /notices

# --- What every image begins with --------------------------------------------------------------------------------------
# Assembled from Debian's packages for the target platform, and run for none: docs/decisions/0025.
FROM --platform=${BUILDPLATFORM} ${DEBIAN_IMAGE} AS root
ARG TARGETARCH
COPY scripts/images/assemble-root.sh /usr/local/bin/
COPY --from=node /usr/local/bin/node /target/node
COPY --from=native /native/models /target/native
RUN assemble-root.sh "$TARGETARCH" /target/node /target/native /out

FROM scratch AS runtime
COPY --from=root /out/base /
COPY LICENSE /app/
WORKDIR /app
ENV PATH=/usr/local/bin:/usr/bin:/bin \
    SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt \
    NODE_ENV=production
# A number, so that Kubernetes can see that it is not root.
USER 1000:1000
# As the first process, Node would not hear a SIGTERM before its handlers are there, and nobody would reap grandchildren.
ENTRYPOINT ["tini-static", "--", "node"]
ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.version=$VERSION \
      org.opencontainers.image.revision=$REVISION \
      org.opencontainers.image.licenses=Apache-2.0

# --- The service, and the init container that fetches its model --------------------------------------------------------
FROM runtime AS inference
COPY --from=root /out/service /
COPY --from=native /native/models /native/inference /app/node_modules/
COPY --from=build-inference /src/apps/inference/package.json /app/apps/inference/
COPY apps/inference/public /app/apps/inference/public
COPY --from=build-inference /src/apps/inference/dist/bundle /app/apps/inference/dist/bundle
COPY --from=notices-inference /notices /app/
# What keeps memory small and flat: docs/decisions/0005-memory.md. The loader finds the library on any platform.
ENV LD_PRELOAD=libjemalloc.so.2 \
    MALLOC_CONF=background_thread:true,narenas:2,dirty_decay_ms:5000,muzzy_decay_ms:0 \
    NODE_OPTIONS="--max-semi-space-size=4 --max-old-space-size=96" \
    MODEL_CACHE_DIR=/models
EXPOSE 8000
CMD ["/app/apps/inference/dist/bundle/main.js"]
LABEL org.opencontainers.image.title=pawl-inference \
      org.opencontainers.image.description="Serves an image classifier, and fetches its model"

# --- The controller ----------------------------------------------------------------------------------------------------
FROM runtime AS controller
COPY --from=build-controller /src/apps/controller/package.json /app/apps/controller/
COPY --from=build-controller /src/apps/controller/dist/bundle /app/apps/controller/dist/bundle
COPY --from=notices-controller /notices /app/
# Small heaps and an allocator that gives back early: `npm run bench:controller` measures with the same.
ENV NODE_OPTIONS="--max-semi-space-size=2 --max-old-space-size=96" \
    MALLOC_ARENA_MAX=2 \
    MALLOC_MMAP_THRESHOLD_=1048576 \
    MALLOC_TRIM_THRESHOLD_=1048576
EXPOSE 8080
CMD ["/app/apps/controller/dist/bundle/main.js"]
LABEL org.opencontainers.image.title=pawl-controller \
      org.opencontainers.image.description="Rolls ModelVersions out"

# --- The command line, and the steps of a retraining -------------------------------------------------------------------
# The steps run in a shell, a release is a commit, and a remote is reached by https or ssh: that is a Debian.
FROM ${DEBIAN_IMAGE} AS debian

FROM --platform=${BUILDPLATFORM} ${DEBIAN_IMAGE} AS cli-packages
ARG TARGETARCH
COPY scripts/images/add-packages.sh /usr/local/bin/
COPY --from=debian /var/lib/dpkg/status /etc/passwd /etc/group /target/
RUN add-packages.sh "$TARGETARCH" /target /out git openssh-client \
    && mkdir -p /out/usr/local/bin && ln -s /app/apps/cli/dist/bundle/main.js /out/usr/local/bin/pawl

FROM debian AS cli
COPY --from=cli-packages /out /
COPY --from=root /out/base/usr/local/bin/node /usr/local/bin/node
COPY --from=root /out/base/usr/bin/tini-static /usr/bin/tini-static
COPY --from=root /out/base/etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=root /out/base/var/lib/dpkg/status.d/tini /out/base/var/lib/dpkg/status.d/ca-certificates /var/lib/dpkg/status.d/
COPY LICENSE /app/
COPY --from=native /native/models /native/cli /app/node_modules/
# What `pawl smoke` and `pawl simulate` send by default, with its licences.
COPY charts/pawl/acceptance /app/charts/pawl/acceptance
COPY --from=build-cli /src/apps/cli/package.json /app/apps/cli/
COPY --from=build-cli /src/apps/cli/dist/bundle /app/apps/cli/dist/bundle
COPY --from=notices-cli /notices /app/
WORKDIR /app
ENV NODE_ENV=production \
    MALLOC_ARENA_MAX=2
USER 1000:1000
ENTRYPOINT ["tini-static", "--", "pawl"]
CMD ["--help"]
ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.version=$VERSION \
      org.opencontainers.image.revision=$REVISION \
      org.opencontainers.image.licenses=Apache-2.0 \
      org.opencontainers.image.title=pawl-cli \
      org.opencontainers.image.description="pawl, the command line"

# --- MLflow's server, which Pawl's runs are sent to ------------------------------------------------------------------------
# Its packages, by hash (images/mlflow/requirements.in). Compiled here: nobody can write what Python compiles into a container
# that is read-only, and each start would compile it all again. By hash, not by time: two builds are alike.
FROM --platform=${BUILDPLATFORM} ${PYTHON_IMAGE} AS mlflow-packages
ARG TARGETARCH
COPY images/mlflow/requirements.txt /src/
# Wheels of the target platform, unpacked on the machine's own: all that Debian 12's C library, 2.36, can load.
RUN --mount=type=cache,target=/root/.cache/pip \
    case "$TARGETARCH" in amd64) cpu=x86_64 ;; arm64) cpu=aarch64 ;; *) echo "no wheels for $TARGETARCH"; exit 1 ;; esac \
    && platforms="--platform manylinux2014_$cpu" \
    && for minor in 5 12 17 24 26 27 28 31 34 35 36; do platforms="$platforms --platform manylinux_2_${minor}_$cpu"; done \
    && python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --no-compile --no-deps --require-hashes \
         --only-binary=:all: --implementation cp --python-version 3.11 $platforms --target /opt/mlflow --requirement /src/requirements.txt \
    && find /opt/mlflow -type d -name tests -prune -exec rm -r {} + \
    && find /opt/mlflow -name '*.pyc' -delete \
    && python3 -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/mlflow

FROM ${PYTHON_IMAGE} AS mlflow
# The server starts others: the init passes a SIGTERM on to all of them.
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends tini \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/ldconfig/aux-cache /var/log/*
COPY --from=mlflow-packages /opt/mlflow /opt/mlflow
COPY images/mlflow/healthy.py /app/
# The server takes the rest from variables as well: MLFLOW_BACKEND_STORE_URI, MLFLOW_ARTIFACTS_DESTINATION, MLFLOW_S3_ENDPOINT_URL.
ENV PATH=/opt/mlflow/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONPATH=/opt/mlflow \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/tmp \
    MLFLOW_HOST=0.0.0.0 \
    MLFLOW_PORT=5000
WORKDIR /tmp
USER 1000:1000
EXPOSE 5000
HEALTHCHECK --interval=5s --timeout=4s --start-period=180s --retries=5 CMD ["python3", "/app/healthy.py"]
ENTRYPOINT ["tini-static", "-g", "--"]
CMD ["mlflow", "server"]
ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.version=$VERSION \
      org.opencontainers.image.revision=$REVISION \
      org.opencontainers.image.licenses=Apache-2.0 \
      org.opencontainers.image.title=pawl-mlflow \
      org.opencontainers.image.description="MLflow's server with boto3 and psycopg2"
