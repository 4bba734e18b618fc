# The image of every process: web, worker, follower, migrate, backup. No secret is in it, and no state.
#
#   docker build -t krea-studio .
#
# docs/operations.md tells how to run it; compose.yaml is a whole site.

FROM python:3.11-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
COPY requirements.txt /tmp/requirements.txt
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --quiet --require-hashes -r /tmp/requirements.txt

FROM python:3.11-slim-bookworm
# pg_dump and pg_restore for backups: of Debian 12, so for servers up to PostgreSQL 15.
RUN apt-get update \
    && apt-get install -y --no-install-recommends postgresql-client \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /app --shell /usr/sbin/nologin krea
COPY --from=build /opt/venv /opt/venv
WORKDIR /app
COPY . .
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    VAR_DIR=/var/lib/krea \
    LOG_FORMAT=json
# The two keys are for this one command: without them the settings would make lasting ones and leave them in the image.
RUN python -m compileall -q accounts billing generations krea_site partners \
    && SECRET_KEY=for-collecting-static-files-alone-0123456789-abcdefghij TRIAL_KEY=for-collecting-alone \
       python manage.py collectstatic --noinput --verbosity 0 \
    && chown -R krea:krea /var/lib/krea
USER krea
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
CMD ["python", "-m", "krea_site.serve", "--bind", "0.0.0.0:8000"]
