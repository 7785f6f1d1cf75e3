# The image that make image makes without Docker, for those who build their own:
# docker build -t clientele .
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags "-s -w -buildid=" -o /clientele ./cmd/clientele
RUN install -d -m 700 /data && \
    echo 'clientele:x:65532:65532::/data:/nologin' >/passwd && \
    echo 'clientele:x:65532:' >/group

FROM scratch
COPY --from=build /passwd /group /etc/
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build --chown=65532:65532 /data /data
COPY --from=build /clientele /clientele
ENV CLIENTELE_DATABASE=sqlite:/data/clientele.db
ENV CLIENTELE_LISTEN=0.0.0.0:8080
ENV TMPDIR=/data
USER 65532:65532
WORKDIR /data
VOLUME /data
EXPOSE 8080/tcp
HEALTHCHECK --interval=2s --timeout=5s --start-period=5s --retries=3 CMD ["/clientele", "healthcheck"]
ENTRYPOINT ["/clientele"]
CMD ["serve"]
LABEL org.opencontainers.image.title=Clientele
LABEL org.opencontainers.image.licenses=Apache-2.0
