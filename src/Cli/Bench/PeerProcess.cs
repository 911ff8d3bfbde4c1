using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json;

namespace Chain.Cli.Bench;

/// <summary>
/// A script that runs in Node beside us and answers questions: one JSON object a line in, one a line out, so that ours and the peer
/// take turns within one run. Use from one thread.
/// </summary>
internal sealed class PeerProcess : IDisposable
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan GoodbyeLimit = TimeSpan.FromSeconds(5);
    private readonly Process process;

    private PeerProcess(Process process)
    {
        this.process = process;
        Version version = Ask<Version>(new { op = "version" });
        Name = $"V8 {string.Join('.', version.V8.Split('.').Take(2))} (Node {version.Node})";
    }

    /// <summary>The peer's name and version, for the reports.</summary>
    public string Name { get; }

    /// <summary>Starts <c>node SCRIPT</c>; null when there is no Node on this machine, and then the report says so.</summary>
    /// <param name="script">The full path of the script; it must answer <c>{"op":"version"}</c>.</param>
    /// <param name="report">Where a missing Node is noted.</param>
    /// <param name="nodeArguments">What stands between <c>node</c> and the script.</param>
    public static PeerProcess? TryStart(string script, BenchReport report, params ReadOnlySpan<string> nodeArguments)
    {
        var start = new ProcessStartInfo("node") { RedirectStandardInput = true, RedirectStandardOutput = true };
        foreach (string argument in nodeArguments) start.ArgumentList.Add(argument);
        start.ArgumentList.Add(script);
        try
        {
            return new PeerProcess(Process.Start(start)!);
        }
        catch (Win32Exception)
        {
            report.Note("Node is not installed (node is not on the PATH), so the peer's columns are empty; get it from https://nodejs.org");
            return null;
        }
    }

    /// <summary>Asks and waits for the answer.</summary>
    /// <param name="request">What is sent, as JSON; its <c>op</c> names the operation.</param>
    /// <exception cref="CommandException">The peer ended, answered with an error, or was silent for two minutes.</exception>
    public T Ask<T>(object request)
    {
        string question = JsonSerializer.Serialize(request, Json);
        string? line;
        try
        {
            process.StandardInput.WriteLine(question);
            process.StandardInput.Flush();
            line = process.StandardOutput.ReadLineAsync().WaitAsync(AnswerLimit).GetAwaiter().GetResult();
        }
        catch (TimeoutException)
        {
            throw Failure(question, $"no answer within {AnswerLimit.TotalSeconds:0} s");
        }
        catch (IOException e)
        {
            throw Failure(question, e.Message);
        }

        if (line is null) throw Failure(question, "it ended");
        try
        {
            using JsonDocument answer = JsonDocument.Parse(line);
            return answer.RootElement.TryGetProperty("error", out JsonElement error)
                ? throw Failure(question, error.ToString())
                : answer.RootElement.Deserialize<T>(Json)!;
        }
        catch (JsonException)
        {
            throw Failure(question, $"expected a JSON object, found '{line}'");
        }
    }

    public void Dispose()
    {
        try
        {
            process.StandardInput.Close();
            if (!process.WaitForExit(GoodbyeLimit)) process.Kill(entireProcessTree: true);
        }
        catch (Exception e) when (e is IOException or InvalidOperationException)
        {
            // It is gone already, which is what was wanted.
        }

        process.Dispose();
    }

    private static CommandException Failure(string question, string problem) =>
        new($"the peer (node) failed on {question}: {problem}", ExitCode.Failed);

    private sealed record Version(string Node, string V8);
}
