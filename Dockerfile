# Two stages: the first installs what uv.lock names, the second carries only the result.
# Runs as a numbered user on a read-only file system; only /data is written:
#   docker run --read-only --tmpfs /tmp --volume voxpop:/data --publish 8000:8000 voxpop
ARG PYTHON=3.13-slim-trixie

FROM python:${PYTHON} AS build
# The version that ./dev installs.
ARG UV=0.13.8
ENV UV_COMPILE_BYTECODE=1 \
    UV_LINK_MODE=copy \
    UV_NO_CACHE=1 \
    UV_PROJECT_ENVIRONMENT=/opt/voxpop \
    UV_PYTHON=/usr/local/bin/python3 \
    UV_PYTHON_DOWNLOADS=never
RUN pip install --no-cache-dir --root-user-action=ignore uv==${UV}
WORKDIR /src
# The dependencies are a layer of their own, made anew only when they change.
COPY pyproject.toml uv.lock ./
RUN uv sync --frozen --no-dev --extra postgres --extra pdf --extra archive --extra llm --no-install-project
COPY . .
RUN uv sync --frozen --no-dev --extra postgres --extra pdf --extra archive --extra llm --no-editable && rm /opt/voxpop/.lock

FROM python:${PYTHON}
LABEL org.opencontainers.image.title="Voxpop" \
      org.opencontainers.image.description="A chat-first survey bot: one message, one press, figures you can trust." \
      org.opencontainers.image.licenses="Apache-2.0"
RUN groupadd --gid 65532 voxpop \
 && useradd --uid 65532 --gid 65532 --key UID_MAX=65532 --home-dir /data --no-create-home --shell /usr/sbin/nologin voxpop \
 && install --directory --owner=65532 --group=65532 --mode=0700 /data
COPY --from=build /opt/voxpop /opt/voxpop
ENV PATH=/opt/voxpop/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    VOXPOP_DATABASE_URL=sqlite:////data/voxpop.db
USER 65532:65532
# voxpop.toml is read from here, too.
WORKDIR /data
VOLUME ["/data"]
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-I", "-c", "from http.client import HTTPConnection; c = HTTPConnection('127.0.0.1', 8000, timeout=4); c.request('GET', '/health/live'); raise SystemExit(c.getresponse().status != 200)"]
CMD ["voxpop", "run", "--host", "0.0.0.0"]
