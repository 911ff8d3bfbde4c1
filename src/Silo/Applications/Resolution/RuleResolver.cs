using Chain.PolicyEngine.Decisions;
using Chain.PolicyEngine.Policies;
using Chain.Silo.Applications.Manifest;
using Chain.Tracer.Calls;
using Chain.Tracer.Tags;
using Chain.Wasm.Components.Runtime;
using Chain.Wasm.Components.Types;

namespace Chain.Silo.Applications.Resolution;

/// <summary>Finds the functions, arguments and fields that rules name.</summary>
/// <param name="manifest">The manifest.</param>
/// <param name="components">The components whose types are known.</param>
/// <param name="issues">Where errors go.</param>
internal sealed class RuleResolver(ApplicationManifest manifest, IReadOnlyDictionary<string, ResolvedComponent> components, IssueList issues)
{
    private const string OutgoingHandler = "wasi:http/outgoing-handler";

    private readonly ExportedFunctions functions = new(issues);

    public IReadOnlyList<SourceRule> Sources() => [.. manifest.Sources.Select(Source).OfType<SourceRule>()];

    public IReadOnlyList<SinkRule> Sinks()
    {
        var sinks = new List<SinkRule>();
        var names = manifest.Components.ToDictionary(c => c.Name.Value, c => ("component", c.Name.Place), StringComparer.Ordinal);
        foreach (ManifestSink sink in manifest.Sinks)
        {
            if (sink.Component is { } component) Component(component, out _);
            if (!names.TryAdd(sink.Name.Value, ("sink", sink.Name.Place)))
            {
                (string what, PolicyPlace place) = names[sink.Name.Value];
                issues.Error(sink.Name.Place, $"the name '{sink.Name.Value}' is taken by a {what} in line {place.Line}");
                continue;
            }

            var party = new CallParty(new ComponentRef($"{manifest.Name.Value}/{sink.Name.Value}"), sink.Labels);
            sinks.Add(new SinkRule(sink.Name.Value, sink.Kind, sink.Pattern, sink.Component?.Value, party));
        }

        return sinks;
    }

    public IReadOnlyList<DeclassifierRule> Declassifiers() =>
        [.. Functions(manifest.Declassifiers).Select(found => new DeclassifierRule(found.Function, [.. found.Rule.Tags.Select(Pattern)]))];

    public IReadOnlyList<EndorserRule> Endorsers() =>
        [.. Functions(manifest.Endorsers).Select(found => new EndorserRule(found.Function, found.Rule.Tags))];

    private IEnumerable<(ManifestFunctionRule Rule, RuleFunction Function)> Functions(IEnumerable<ManifestFunctionRule> rules)
    {
        foreach (ManifestFunctionRule rule in rules)
        {
            if (Component(rule.Component, out ResolvedComponent? component) && component is not null
                && functions.Find(component, rule.Function) is (RuleFunction function, FuncType type))
            {
                if (type.Result is null) issues.Error(rule.Function.Place, $"'{rule.Function.Value}' has no result, whose tags could change");
                else yield return (rule, function);
            }
        }
    }

    private static TagPattern Pattern(Tag tag) =>
        TagPattern.TryParse(tag.ToString(), out TagPattern pattern, out string reason) ? pattern : throw new FormatException(reason);

    private SourceRule? Source(ManifestSource source)
    {
        if (!Component(source.Component, out ResolvedComponent? component) || component is null) return null;
        if (source.On == SourcePlace.Request) return OfRequest(source, component);
        if (source.On == SourcePlace.Response) return OfResponse(source, component);
        if (functions.Find(component, source.Function!) is not (RuleFunction function, FuncType type)) return null;
        int argument = 0;
        ValType tagged;
        string what;
        if (source.On == SourcePlace.Argument)
        {
            string name = source.Argument!.Value;
            argument = type.Parameters.ToList().FindIndex(parameter => parameter.Label == name);
            if (argument < 0)
            {
                issues.Error(source.Argument.Place, $"'{source.Function!.Value}' has no argument '{name}'{Known.Hint(name, type.Parameters.Select(p => p.Label), "it has none")}");
                return null;
            }

            (tagged, what) = (type.Parameters[argument].Type, $"argument '{name}'");
        }
        else if (type.Result is null)
        {
            issues.Error(source.OnPlace, $"'{source.Function!.Value}' has no result");
            return null;
        }
        else
        {
            (tagged, what) = (type.Result, "the result");
        }

        FieldPath field = FieldPath.Whole;
        if (source.Field is { } path)
        {
            try
            {
                field = TypePaths.Resolve(path.Value, tagged, what, out _);
            }
            catch (FormatException e)
            {
                issues.Error(path.Place, e.Message);
            }
        }

        TagTemplate[] tags = [.. source.Tags.Select(tag => Template(tag, text => OfFunction(text, type, source.On))).OfType<TagTemplate>()];
        return new SourceRule(component.Name, function, source.On, argument, field, tags);
    }

    private SourceRule OfRequest(ManifestSource source, ResolvedComponent component)
    {
        if (!manifest.Exposures.Any(exposure => exposure.Component.Value == component.Name))
            issues.Error(source.OnPlace, $"component '{component.Name}' gets no HTTP requests: it is not under 'expose'");
        TagTemplate[] tags = [.. source.Tags.Select(tag => Template(tag, InRequest)).OfType<TagTemplate>()];
        return new SourceRule(component.Name, null, SourcePlace.Request, 0, FieldPath.Whole, tags);
    }

    private SourceRule OfResponse(ManifestSource source, ResolvedComponent component)
    {
        if (!component.Imports.Any(import => InterfaceVersions.WithoutVersion(import.Name) == OutgoingHandler))
            issues.Error(source.OnPlace, $"component '{component.Name}' gets no HTTP responses: it does not import {OutgoingHandler}");
        TagTemplate[] tags =
        [
            .. source.Tags.Select(tag => Template(tag, _ => throw new FormatException("a tag of a response has no value from the call"))).OfType<TagTemplate>(),
        ];
        return new SourceRule(component.Name, null, SourcePlace.Response, 0, FieldPath.Whole, tags);
    }

    private TagTemplate? Template(Placed<ManifestTag> tag, Func<string, ValueReference> resolve)
    {
        if (tag.Value.Path is not { } path) return new TagTemplate(tag.Value.Tag, null);
        try
        {
            return new TagTemplate(tag.Value.Tag, resolve(path));
        }
        catch (FormatException e)
        {
            issues.Error(tag.Place, $"{{{{ {path} }}}}: {e.Message}");
            return null;
        }
    }

    /// <summary>The first step is an argument's name, or <c>result</c>.</summary>
    private static ValueReference OfFunction(string path, FuncType type, SourcePlace on)
    {
        int dot = path.IndexOf('.');
        string first = dot < 0 ? path : path[..dot];
        string rest = dot < 0 ? "" : path[(dot + 1)..];
        for (int i = 0; i < type.Parameters.Count; i++)
        {
            if (type.Parameters[i].Label == first)
                return new ValueReference(ValueOrigin.Argument, i, "", TypePaths.ResolveText(rest, type.Parameters[i].Type, $"argument '{first}'"));
        }

        bool hasResult = on == SourcePlace.Result && type.Result is not null;
        if (first == "result" && hasResult) return new ValueReference(ValueOrigin.Result, 0, "", TypePaths.ResolveText(rest, type.Result!, "the result"));
        if (first == "result" && type.Result is not null) throw new FormatException("a tag of an argument is put on before there is a result");
        IEnumerable<string> known = type.Parameters.Select(parameter => parameter.Label).Concat(hasResult ? ["result"] : []);
        throw new FormatException($"the function has no argument '{first}'{Known.Hint(first, known, "it has none")}");
    }

    private static ValueReference InRequest(string path)
    {
        int dot = path.IndexOf('.');
        (string first, string name) = dot < 0 ? (path, "") : (path[..dot], path[(dot + 1)..]);
        return first switch
        {
            "header" when name.Length > 0 => new ValueReference(ValueOrigin.Header, 0, name.ToLowerInvariant(), FieldPath.Whole),
            "query" when name.Length > 0 => new ValueReference(ValueOrigin.Query, 0, name, FieldPath.Whole),
            _ => throw new FormatException("a value of a request is header.NAME or query.NAME"),
        };
    }

    private bool Component(Placed<string> name, out ResolvedComponent? found)
    {
        if (components.TryGetValue(name.Value, out found) || manifest.Components.Any(component => component.Name.Value == name.Value)) return true;
        issues.Error(name.Place, $"unknown component '{name.Value}'{Known.Hint(name.Value, manifest.Components.Select(c => c.Name.Value), "there is none")}");
        return false;
    }
}
