# One image for all processes; web, worker, beat and one-off commands differ only in their command.
FROM python:3.12-slim-bookworm AS packages
WORKDIR /app
COPY requirements.txt .
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --require-hashes -r requirements.txt

FROM python:3.12-slim-bookworm
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 STREAMHUB_VAR_DIR=/var/lib/streamhub
RUN useradd --system --uid 10001 --home-dir /var/lib/streamhub --create-home streamhub
COPY --from=packages /venv /venv
WORKDIR /app
COPY --chown=root:root . .
# Static files depend only on the code, so collecting them needs neither secrets nor services.
RUN SECRET_KEY=build-only python manage.py collectstatic --noinput && chown -R streamhub /var/lib/streamhub
USER streamhub
EXPOSE 8000
CMD ["gunicorn", "streamhub.wsgi", "--bind", "0.0.0.0:8000", "--workers", "2", "--threads", "4"]
