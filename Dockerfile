# The Ringback server. Build it with: docker build -t ringback .
# Run it with: docker run -p 8787:8787 -p 8780:8780 -v ringback:/data ringback
FROM python:3.13-slim AS build

ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src
COPY LICENSE constraints.txt pyproject.toml ./
COPY client client
COPY protos protos
COPY server server
RUN python -m pip wheel --no-deps --wheel-dir /dist .
RUN python -m venv /opt/ringback
RUN /opt/ringback/bin/python -m pip install --constraint constraints.txt /dist/ringback-*.whl

FROM python:3.13-slim

COPY --from=build /opt/ringback /opt/ringback
# A number and not a name: that it is not root shows without looking into the image.
RUN install --directory --mode=0700 --owner=10001 --group=10001 /data
USER 10001:10001
VOLUME /data

# It listens on every address of the container; publish the ports where they should be reached.
# Callback URLs begin with RINGBACK_PUBLIC_URL.
ENV PATH=/opt/ringback/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    XDG_STATE_HOME=/tmp \
    RINGBACK_DATA_DIR=/data \
    RINGBACK_GRPC_ADDRESS=0.0.0.0:8787 \
    RINGBACK_HTTP_ADDRESS=0.0.0.0:8780 \
    RINGBACK_PUBLIC_URL=http://localhost:8780
EXPOSE 8787 8780
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s \
    CMD ["python", "-m", "ringback_server.probe", "/healthz"]
CMD ["ringback", "serve"]
