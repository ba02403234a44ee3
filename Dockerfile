# One image for every Vigía process; docker-compose.yml says which command each container runs.
FROM python:3.11-slim AS packages
RUN pip install --no-cache-dir "uv>=0.9,<1" && uv venv /opt/venv
WORKDIR /build
# the packages change seldom, the code often: two layers
COPY requirements.lock ./
RUN --mount=type=cache,target=/var/cache/uv \
    UV_CACHE_DIR=/var/cache/uv VIRTUAL_ENV=/opt/venv UV_LINK_MODE=copy uv pip sync --require-hashes --compile-bytecode requirements.lock

FROM python:3.11-slim
# git: a dataset version is a commit
RUN apt-get update && apt-get install --yes --no-install-recommends git && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 1000 vigia \
    && install --directory --owner=vigia --group=vigia /state /workspace
COPY --from=packages /opt/venv /opt/venv
COPY params.yaml cameras.yaml dvc.yaml vigia.py /app/
COPY pipelines /app/pipelines
COPY flows /app/flows
COPY stream /app/stream
COPY dashboard /app/dashboard
COPY deploy /app/deploy
RUN printf '#!/bin/sh\nexec python -m vigia "$@"\n' > /usr/local/bin/vigia && chmod 755 /usr/local/bin/vigia \
    && /opt/venv/bin/python -m compileall -q /app
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONPATH=/app \
    PYTHONUNBUFFERED=1 \
    VIGIA_HOME=/state \
    DO_NOT_TRACK=1 \
    MLFLOW_DISABLE_TELEMETRY=true \
    PREFECT_HOME=/state/prefect \
    PREFECT_SERVER_ANALYTICS_ENABLED=false
USER vigia
WORKDIR /workspace
CMD ["vigia", "--help"]
