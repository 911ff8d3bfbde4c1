using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography;
using Chain.Cli.Output;
using Chain.Wasm.Binary;
using Chain.Wasm.Components.Types;
using Chain.Wasm.Components.Validation;

namespace Chain.Cli.Components;

/// <summary><c>chain component inspect</c>: digest, producers, imports, exports and parts of a component.</summary>
internal static class InspectCommand
{
    public static Command Create()
    {
        var file = new Argument<string>("FILE") { Description = "A component, .wasm or .wasm.gz." };
        var json = new Option<bool>("--json") { Description = "JSON on standard output." };
        var command = new Command("inspect", "Show a component's digest, producers, imports, exports and parts.") { file, json };
        command.SetAction(result =>
        {
            ComponentContext context = ComponentFile.Read(result.GetValue(file)!);
            if (result.GetValue(json)) ComponentJson.Write(context);
            else Write(context);
            return ExitCode.Ok;
        });
        return command;
    }

    /// <summary>The SHA-256 of the unpacked component, as lower-case hexadecimal digits.</summary>
    public static string Digest(ComponentContext context) => Convert.ToHexStringLower(SHA256.HashData(context.Component.Bytes.Span));

    /// <summary>What an import or export is, in a word.</summary>
    public static string Kind(ExternType type) => type is CoreModuleExtern ? "core module" : type.Sort.ToString().ToLowerInvariant();

    /// <summary>The functions of an instance, or 1 for a function.</summary>
    public static int Functions(ExternType type) => type switch
    {
        InstanceExtern instance => instance.Instance.Exports.Count(export => export.Type is FuncExtern),
        FuncExtern => 1,
        _ => 0,
    };

    private static void Write(ComponentContext context)
    {
        var overview = new Listing("component", "property", "value");
        overview.Add("file", context.Component.DisplayName);
        overview.Add("size", Number(context.Component.Bytes.Length));
        overview.Add("sha256", Digest(context));
        overview.Write();
        WriteItems("imports", context.Type.Imports);
        WriteItems("exports", context.Type.Exports);
        var parts = new Listing("parts", "part", "kind", "offset#", "size#", "functions#", "imports#", "exports#");
        foreach (ComponentPart part in ComponentPart.All(context))
        {
            parts.Add(
                part.Path, part.Kind, $"0x{part.Offset:x}", Number(part.Size), part.Functions is { } count ? Number(count) : "",
                Number(part.Imports), Number(part.Exports));
        }

        parts.Write();
        var producers = new Listing("producers", "field", "name", "version");
        foreach (ProducersField field in ToolSections.Producers(context.Component.CustomSections, context.Component.DisplayName))
        {
            foreach ((string name, string version) in field.Values) producers.Add(field.Name, name, version);
        }

        producers.Write();
    }

    private static void WriteItems(string title, IReadOnlyList<NamedExtern> items)
    {
        var listing = new Listing(title, "name", "kind", "functions#");
        foreach (NamedExtern item in items) listing.Add(item.Name, Kind(item.Type), Number(Functions(item.Type)));
        listing.Write();
    }

    private static string Number(int number) => number.ToString("#,0", CultureInfo.InvariantCulture);
}
