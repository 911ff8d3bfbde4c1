using System.CommandLine;
using Chain.Wasm.Wasi.Filesystem;
using Chain.Wasm.Wasi.Http;

namespace Chain.Cli.Components;

/// <summary>The options by which a guest is granted something, shared by the commands that run components. Nothing is granted without one.</summary>
internal sealed class GrantOptions
{
    private const string ReadOnlySuffix = ":ro";

    private readonly Option<string[]> environment = new("--env")
    {
        Description = "An environment variable that the guest sees; may be repeated.",
        HelpName = "K=V",
    };

    private readonly Option<string[]> directories = new("--dir")
    {
        Description = "A directory that the guest sees, with :ro only to read in it; may be repeated.",
        HelpName = "HOST::GUEST",
    };

    private readonly Option<string[]> http = new("--allow-http")
    {
        Description = "A host that the guest may send requests to, as HOST, HOST:PORT, *.DOMAIN, an address or a network; may be repeated.",
        HelpName = "HOST",
    };

    public void AddTo(Command command)
    {
        command.Add(environment);
        command.Add(directories);
        command.Add(http);
    }

    /// <summary>What was granted.</summary>
    /// <exception cref="CommandException">An option is malformed, or names a directory that is not there.</exception>
    public Grants Read(ParseResult parsed)
    {
        HttpGrants requests;
        try
        {
            requests = HttpGrants.Parse(parsed.GetValue(http) ?? []);
        }
        catch (FormatException e)
        {
            throw new CommandException($"--allow-http: {e.Message}");
        }

        return new Grants(
            [.. (parsed.GetValue(environment) ?? []).Select(Variable)], [.. (parsed.GetValue(directories) ?? []).Select(Directory)], requests);
    }

    private static KeyValuePair<string, string> Variable(string text)
    {
        int equals = text.IndexOf('=');
        return equals > 0
            ? new KeyValuePair<string, string>(text[..equals], text[(equals + 1)..])
            : throw new CommandException($"--env {text}: expected NAME=VALUE");
    }

    private static Preopen Directory(string text)
    {
        bool isReadOnly = text.EndsWith(ReadOnlySuffix, StringComparison.Ordinal);
        string pair = isReadOnly ? text[..^ReadOnlySuffix.Length] : text;
        int colons = pair.IndexOf("::", StringComparison.Ordinal);
        if (colons <= 0 || colons + 2 == pair.Length)
            throw new CommandException($"--dir {text}: expected HOST::GUEST or HOST::GUEST:ro, a directory here and the guest's name for it");
        (string host, string guest) = (pair[..colons], pair[(colons + 2)..]);
        try
        {
            return isReadOnly ? new Preopen(host, guest) : Preopen.Writable(host, guest);
        }
        catch (DirectoryNotFoundException e)
        {
            throw new CommandException($"--dir {text}: {e.Message}");
        }
    }
}

/// <summary>What a guest is granted.</summary>
internal sealed record Grants(
    IReadOnlyList<KeyValuePair<string, string>> Environment, IReadOnlyList<Preopen> Directories, HttpGrants Http);
