using System.CommandLine;
using Chain.PolicyEngine.Decisions;
using Chain.PolicyEngine.Policies;
using Chain.Tracer.Tags;

namespace Chain.Cli.Policy;

/// <summary>The call that <c>eval</c> and <c>explain</c> ask about: from a YAML file, or from options.</summary>
internal sealed class CallOptions
{
    private readonly Option<FileInfo?> _file = new("--call") { Description = "A YAML file with the call, with the keys of 'given' in a policy's tests." };
    private readonly Option<string> _caller = new("--caller") { Description = "application/component; default outside." };
    private readonly Option<string> _callee = new("--callee") { Description = "application/component." };
    private readonly Option<string> _function = new("--function") { Description = "interface#function." };
    private readonly Option<string> _region = new("--region") { Description = "The callee's region." };
    private readonly Option<string[]> _data = new("--data") { Description = "A tag of the data, such as pii, region=eu or +checked; may be repeated.", AllowMultipleArgumentsPerToken = true };
    private readonly Option<string[]> _chain = new("--chain") { Description = "A component that the chain passed, oldest first; may be repeated.", AllowMultipleArgumentsPerToken = true };
    private readonly Option<string> _event = new("--event") { Description = "call (default), result, declassify or endorse." };
    private readonly Option<int> _depth = new("--depth") { Description = "How many calls are around this one." };

    public IEnumerable<Option> All => [_file, _caller, _callee, _function, _region, _data, _chain, _event, _depth];

    /// <exception cref="CommandException">A value is malformed, or there is no call.</exception>
    public CallFacts Read(ParseResult result, LabelStore labels)
    {
        if (result.GetValue(_file) is FileInfo file) return FromFile(file.ToString(), labels);
        if (result.GetValue(_callee) is not string callee) throw new CommandException("which call? give --callee (and --caller, --function, --data …) or --call FILE");
        string on = result.GetValue(_event) ?? "call";
        var given = new GivenCall
        {
            Caller = result.GetValue(_caller) ?? "outside",
            Callee = callee,
            Function = result.GetValue(_function) ?? "",
            Data = [.. (result.GetValue(_data) ?? []).SelectMany(d => d.Split(',', StringSplitOptions.RemoveEmptyEntries))],
            Chain = [.. (result.GetValue(_chain) ?? []).SelectMany(c => c.Split(',', StringSplitOptions.RemoveEmptyEntries)).Select(c => (c, (IReadOnlyList<string>)[]))],
            Event = Enum.TryParse(on, ignoreCase: true, out PolicyEvent e) && e is PolicyEvent.Call or PolicyEvent.Result or PolicyEvent.Declassify or PolicyEvent.Endorse
                ? e
                : throw new CommandException($"--event is one of call, result, declassify, endorse, found '{on}'"),
            Depth = result.GetValue(_depth),
            CalleeLabels = result.GetValue(_region) is string region ? new Dictionary<string, string> { ["region"] = region } : new Dictionary<string, string>(),
        };
        return Facts(given, labels);
    }

    private static CallFacts FromFile(string path, LabelStore labels)
    {
        try
        {
            return Facts(GivenCallReader.Read(PolicyInput.ReadFile(path)), labels);
        }
        catch (PolicySetException e)
        {
            throw new CommandException(e.Message);
        }
    }

    private static CallFacts Facts(GivenCall given, LabelStore labels)
    {
        try
        {
            return GivenCallFacts.Of(given, labels);
        }
        catch (FormatException e)
        {
            throw new CommandException(e.Message);
        }
    }
}
