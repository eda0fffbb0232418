# tectum from its sdist, with compiled kernels, so that containers start at once.
#
#   make release-check          # builds dist/
#   docker build -t tectum .
#   docker run --rm -v "$PWD:/data" tectum demo iris
FROM python:3.13-slim

ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 TECTUM_CACHE=/opt/tectum-cache MPLBACKEND=Agg
COPY dist/tectum-*.tar.gz /opt/
RUN pip install "$(ls /opt/tectum-*.tar.gz)[video,events]" && rm /opt/tectum-*.tar.gz && tectum warmup

RUN useradd --create-home tectum && mkdir /data && chown tectum /data
USER tectum
WORKDIR /data
ENTRYPOINT ["tectum"]
CMD ["--help"]
