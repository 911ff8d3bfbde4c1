# A silo of Chain. It has no PostgreSQL of its own: CHAIN_POSTGRES (or --postgres) names one.
#
#   docker build -t chain . && docker run -e CHAIN_POSTGRES='Host=…;Username=…;Password=…;Database=…' -p 127.0.0.1:8080:8080 chain
FROM mcr.microsoft.com/dotnet/sdk:10.0 AS build
WORKDIR /source
COPY global.json Directory.Build.props Directory.Packages.props .editorconfig ./
COPY migrations migrations
COPY src src
# The analyzers ran where this was committed.
RUN dotnet publish src/Cli/Cli.csproj -c Release -o /app --nologo -v quiet -p:UseAppHost=false -p:RunAnalyzers=false

FROM mcr.microsoft.com/dotnet/aspnet:10.0
COPY --from=build /app /app
# `chain` inside, as `./chain` outside; the folder that a node keeps its token, spool and compiled code in is the working folder's .chain.
RUN printf '#!/bin/sh\nexec dotnet /app/chain.dll "$@"\n' >/usr/local/bin/chain && chmod 755 /usr/local/bin/chain \
    && install -d -o "$APP_UID" -g "$APP_UID" /var/lib/chain
USER $APP_UID
WORKDIR /var/lib/chain
VOLUME /var/lib/chain
# Applications' HTTP, and the API, which asks for the token in .chain/token; for other silos of a cluster only, 11111 and 30000.
EXPOSE 8080 7700 11111 30000
HEALTHCHECK --interval=15s --timeout=10s --start-period=60s --retries=3 CMD ["chain", "status"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["chain"]
CMD ["up", "--host", "0.0.0.0", "--api-host", "0.0.0.0"]
