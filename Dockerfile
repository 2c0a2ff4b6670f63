# The service with its default model inside: nothing is fetched when a container starts.
FROM python:3.11-slim-bookworm

ENV PATH=/srv/intercoder/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    INTERCODER_DATA_DIR=/srv/intercoder/data \
    INTERCODER_MODELS_DIR=/srv/intercoder/models

WORKDIR /srv/intercoder
RUN python -m venv venv

# Dependencies before the sources, so that a change of the sources does not install them again.
COPY requirements-torch.lock requirements.lock ./
RUN pip install --no-deps --require-hashes --index-url https://download.pytorch.org/whl/cpu -r requirements-torch.lock \
    && pip install --no-deps --require-hashes -r requirements.lock

COPY pyproject.toml README.md LICENSE ./
COPY models models
COPY service service
# The compiler builds the kernel for processors with AVX-512 BF16 (docs/models.md); it is no part of the image.
RUN apt-get update -q && apt-get install -q -y --no-install-recommends gcc libc6-dev \
    && pip install --no-deps --no-build-isolation . \
    && apt-get purge -q -y --auto-remove gcc libc6-dev && rm -rf /var/lib/apt/lists/*

# init converts and checks the model; the database that it makes as well is not part of the image.
RUN intercoder init && rm -r data service \
    && useradd --system --uid 10001 --no-create-home intercoder \
    && install --directory --owner intercoder data

USER intercoder
EXPOSE 8000
HEALTHCHECK --start-period=30s CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/livez', timeout=5)"]
ENTRYPOINT ["intercoder"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000"]
