using System.Diagnostics;

namespace Chain.PolicyEngine.Tests.Alerts;

/// <summary>A fact that needs Debian's prometheus-alertmanager; skipped, with that reason, where it is absent.</summary>
internal sealed class AlertmanagerFactAttribute : FactAttribute
{
    public AlertmanagerFactAttribute()
    {
        if (AlertmanagerServer.Program is null || Chain.Tracer.Storage.PostgresBinaries.Search() is null)
        {
            Skip = "needs prometheus-alertmanager and PostgreSQL (apt-get install prometheus-alertmanager postgresql)";
        }
    }
}

/// <summary>Alertmanager on a free port of loopback, stopped at the end.</summary>
internal sealed class AlertmanagerServer : IAsyncDisposable
{
    private readonly Process _process;
    private readonly string _folder;

    private AlertmanagerServer(Process process, string folder, Uri url)
    {
        _process = process;
        _folder = folder;
        Url = url;
    }

    public static string? Program { get; } =
        ((string[])["/usr/bin/prometheus-alertmanager", "/usr/bin/alertmanager", "/usr/local/bin/alertmanager"]).FirstOrDefault(File.Exists);

    public Uri Url { get; }

    public static async Task<AlertmanagerServer> StartAsync()
    {
        string folder = Directory.CreateTempSubdirectory("chain-alertmanager-").FullName;
        string config = Path.Combine(folder, "alertmanager.yml");
        await File.WriteAllTextAsync(config, "route: { receiver: none }\nreceivers: [{ name: none }]\n");
        int port = TestReceiver.FreePort();
        var start = new ProcessStartInfo(
            Program!,
            [$"--config.file={config}", $"--storage.path={folder}", $"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="])
        {
            RedirectStandardError = true, RedirectStandardOutput = true,
        };
        var server = new AlertmanagerServer(Process.Start(start)!, folder, new Uri($"http://127.0.0.1:{port}"));
        server._process.ErrorDataReceived += (_, _) => { };
        server._process.BeginErrorReadLine();
        using var http = new HttpClient();
        for (int i = 0; i < 500; i++)
        {
            try
            {
                if ((await http.GetAsync(new Uri(server.Url, "/-/ready"))).IsSuccessStatusCode) return server;
            }
            catch (HttpRequestException)
            {
                // Not listening yet.
            }

            await Task.Delay(20);
        }

        await server.DisposeAsync();
        throw new InvalidOperationException("Alertmanager did not start within 10 s");
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
