using Chain.PolicyEngine.Expressions.Values;
using Chain.PolicyEngine.Policies;
using Chain.Wasm.Wasi.Http;
using YamlDotNet.RepresentationModel;

namespace Chain.Silo.Applications.Manifest;

/// <summary>Reads <c>grants</c> and <c>limits</c> of a component.</summary>
internal sealed class GrantReader(YamlSource yaml, string folder)
{
    public static readonly string[] GrantKeys = ["environment", "arguments", "directories", "http", "keyvalue", "config", "logging"];
    public static readonly string[] DirectoryKeys = ["host", "guest", "access"];
    public static readonly string[] LimitKeys = ["memory", "deadline", "stack", "fuel", "request-body"];

    private const int LongestBucket = 200;
    private const long LeastMemory = 64L << 10;
    private const long MostMemory = 64L << 30;
    private const long LeastStack = 64L << 10;
    private const long MostStack = 256L << 20;
    private const long MostBody = 1L << 30;

    private static readonly TimeSpan LongestDeadline = TimeSpan.FromHours(1);

    /// <summary>Reads grants.</summary>
    /// <param name="node">The value of <c>grants</c>.</param>
    /// <param name="placeOf">Where the key of each grant stands.</param>
    public ComponentGrants Grants(YamlNode node, out Func<string, PolicyPlace> placeOf)
    {
        var fields = new ManifestFields(yaml, node, "'grants'", GrantKeys);
        placeOf = fields.KeyPlace;
        if (!fields.IsMapping) return new ComponentGrants();
        return new ComponentGrants
        {
            Environment = fields.Pairs("environment", NotAVariable),
            Arguments = [.. (fields.Texts("arguments") ?? []).Select(argument => argument.Value)],
            Directories = [.. fields.Items("directories", "directories").Select(Directory).OfType<DirectoryGrant>()],
            Http = Hosts(fields),
            KeyValue = Buckets(fields),
            Config = fields.Pairs("config", static name => name.Length is > 0 and <= 200 ? null : "a setting's name has 1 to 200 characters"),
            Logging = fields.IsTrue("logging"),
        };
    }

    /// <summary>Reads limits.</summary>
    public InstanceLimits Limits(YamlNode node)
    {
        var fields = new ManifestFields(yaml, node, "'limits'", LimitKeys);
        var absent = new InstanceLimits();
        if (!fields.IsMapping) return absent;
        return new InstanceLimits
        {
            MemoryBytes = Size(fields, "memory", LeastMemory, MostMemory, "a size from 64KiB to 64GiB such as 64MiB", absent.MemoryBytes),
            StackBytes = (int)Size(fields, "stack", LeastStack, MostStack, "a size from 64KiB to 256MiB such as 1MiB", absent.StackBytes),
            RequestBodyBytes = Size(fields, "request-body", 0, MostBody, "a size up to 1GiB such as 30MB", absent.RequestBodyBytes),
            Deadline = fields.Parsed("deadline", "a duration from 1ms to 1h such as 500ms, 5s or 2m", Deadline, absent.Deadline),
            Fuel = fields.Text("fuel") is { Value: not "none" }
                ? fields.Parsed("fuel", "none or a number of instructions such as 1000000", Fuel, 0)
                : null,
        };
    }

    private static long Size(ManifestFields fields, string key, long least, long most, string expected, long absent) => fields.Parsed<long>(
        key, expected, text => SizeText.Parse(text) is { } bytes && bytes >= least && bytes <= most ? bytes : null, absent);

    private static TimeSpan? Deadline(string text)
    {
        if (!DurationText.TryParse(text, out long nanoseconds)) return null;
        TimeSpan time = TimeSpan.FromTicks(nanoseconds / 100);
        return time >= TimeSpan.FromMilliseconds(1) && time <= LongestDeadline ? time : null;
    }

    private static long? Fuel(string text) =>
        long.TryParse(text, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out long fuel) && fuel > 0 ? fuel : null;

    private static string? NotAVariable(string name) =>
        name.Length is > 0 and <= 200 && !name.AsSpan().ContainsAny('=', '\0') ? null : "an environment variable's name has 1 to 200 characters and no '='";

    private static List<string>? Hosts(ManifestFields fields)
    {
        if (fields.Texts("http") is not { } written) return null;
        var hosts = new List<string>();
        foreach (Placed<string> host in written)
        {
            try
            {
                HttpGrants.Parse([host.Value]);
                hosts.Add(host.Value);
            }
            catch (FormatException e)
            {
                fields.Error(host.Place, e.Message);
            }
        }

        return hosts;
    }

    private static List<string>? Buckets(ManifestFields fields)
    {
        if (fields.Texts("keyvalue") is not { } written) return null;
        foreach (Placed<string> bucket in written.Where(bucket => bucket.Value.Length is 0 or > LongestBucket))
            fields.Error(bucket.Place, $"a bucket's name has 1 to {LongestBucket} characters, found {bucket.Value.Length}");
        return [.. written.Select(bucket => bucket.Value).Distinct()];
    }

    private DirectoryGrant? Directory(YamlNode node)
    {
        var fields = new ManifestFields(yaml, node, "a directory", DirectoryKeys);
        if (!fields.IsMapping) return null;
        Placed<string>? host = fields.Required("host");
        Placed<string>? guest = fields.Required("guest");
        bool canWrite = fields.OneOf("access", [("read", false), ("read-write", true)], false);
        if (host is null || guest is null) return null;
        if (!guest.Value.StartsWith('/') && guest.Value != ".")
            fields.Error("guest", $"'guest' is an absolute path such as /data, or '.', found '{guest.Value}'");
        if (host.Value.Length > 0 && folder.Length == 0 && !Path.IsPathRooted(host.Value))
            fields.Error("host", $"'host' is an absolute path, as the manifest comes from no folder here, found '{host.Value}'");
        if (host.Value.Length == 0 || host.Value.Contains('\0'))
        {
            fields.Error("host", $"'host' is a folder, found '{host.Value}'");
            return null;
        }

        return new DirectoryGrant(Path.GetFullPath(Path.Combine(folder.Length == 0 ? "/" : folder, host.Value)), guest.Value, canWrite);
    }
}
