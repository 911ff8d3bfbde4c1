using System.Text.Json;
using Chain.PolicyEngine.Expressions.Compilation;
using Chain.PolicyEngine.Expressions.Syntax;
using Chain.PolicyEngine.Expressions.Types;
using Chain.PolicyEngine.Expressions.Values;

namespace Chain.PolicyEngine.Expressions.Conformance;

/// <summary>How one conformance test ended.</summary>
public enum ConformanceOutcome
{
    Passed,
    Failed,
    Skipped,
}

/// <summary>One conformance test and how it ended.</summary>
/// <param name="Name"><c>file/section/name</c>.</param>
/// <param name="File">The file of the specification's repository.</param>
/// <param name="Expression">The source text.</param>
/// <param name="Outcome">How it ended.</param>
/// <param name="Detail">Why it failed or was skipped.</param>
public sealed record ConformanceResult(string Name, string File, string Expression, ConformanceOutcome Outcome, string Detail);

/// <summary>Runs CEL's own tests, in the JSON form that <c>spec/cel.md</c> describes, and judges as the reference runner does.</summary>
public static class ConformanceSuite
{
    private static readonly Dictionary<string, string> NotBuilt = new()
    {
        ["block_ext"] = "macros that stand for an optimizer's output, not for users",
        ["network_ext"] = "optional library, not built",
    };

    /// <summary>Runs every test of the document.</summary>
    /// <exception cref="FormatException">The document is not a set of conformance tests.</exception>
    public static IEnumerable<ConformanceResult> Run(JsonDocument document)
    {
        if (document.RootElement.ValueKind != JsonValueKind.Object ||
            !document.RootElement.TryGetProperty("tests", out JsonElement tests) || tests.ValueKind != JsonValueKind.Array)
        {
            throw new FormatException("expected an object with a list \"tests\"");
        }

        foreach (JsonElement test in tests.EnumerateArray())
        {
            string file = test.GetProperty("file").GetString()!;
            string name = $"{file}/{test.GetProperty("section").GetString()}/{test.GetProperty("name").GetString()}";
            string expression = test.GetProperty("expr").GetString()!;
            (ConformanceOutcome outcome, string detail) = Judge(test, file, expression);
            yield return new ConformanceResult(name, file, expression, outcome, detail);
        }
    }

    private static (ConformanceOutcome Outcome, string Detail) Judge(JsonElement test, string file, string expression)
    {
        if (!test.GetProperty("core").GetBoolean()) return (ConformanceOutcome.Skipped, "needs protobuf messages");
        if (NotBuilt.TryGetValue(file, out string? reason)) return (ConformanceOutcome.Skipped, reason);
        string? failure = Failure(test, expression);
        return failure is null ? (ConformanceOutcome.Passed, "") : (ConformanceOutcome.Failed, failure);
    }

    private static string? Failure(JsonElement test, string expression)
    {
        bool isChecked = !Flag(test, "disable_check");
        JsonElement expected = test.GetProperty("expected");
        CheckedExpression checkedExpression;
        var bindings = new Dictionary<string, Value>();
        if (test.TryGetProperty("bindings", out JsonElement bound))
        {
            foreach (JsonProperty binding in bound.EnumerateObject()) bindings[binding.Name] = ConformanceJson.ReadValue(binding.Value);
        }

        ExpressionEnvironment environment = Environment(test, bindings.Keys, isChecked);
        try
        {
            ParsedExpression parsed = Parser.Parse(new SourceText(expression));
            checkedExpression = isChecked ? Checker.Check(parsed, environment) : Checker.Resolve(parsed, environment);
        }
        catch (ExpressionException e)
        {
            return $"rejected: {e.Issues[0].Message}";
        }

        JsonElement? expectedValue = expected.TryGetProperty("value", out JsonElement value) ? value : null;
        if (expected.TryGetProperty("typed_result", out JsonElement typed))
        {
            CelType type = ConformanceJson.ReadType(typed.GetProperty("type"));
            if (!checkedExpression.Type.Equals(type)) return $"type {checkedExpression.Type}, expected {type}";
            if (typed.TryGetProperty("value", out value)) expectedValue = value;
        }

        if (Flag(test, "check_only")) return null;
        var frame = new Frame { Variables = new Value[environment.Variables.Count] };
        foreach (VariableDeclaration variable in environment.Variables)
        {
            frame.Variables[variable.Slot] = bindings.TryGetValue(variable.Name, out Value v) ? v : Value.Error($"variable '{variable.Name}' has no value");
        }

        Value result = CompiledExpression.Compile(checkedExpression).Evaluate(frame);
        if (expected.TryGetProperty("eval_error", out _)) return result.IsError ? null : $"{result}, expected an error";
        Value wanted = ConformanceJson.ReadValue(expectedValue!.Value);
        return ConformanceJson.AreSame(wanted, result) ? null : $"{result} ({result.TypeName}), expected {wanted} ({wanted.TypeName})";
    }

    private static bool Flag(JsonElement test, string name) => test.TryGetProperty(name, out JsonElement flag) && flag.GetBoolean();

    private static ExpressionEnvironment Environment(JsonElement test, IEnumerable<string> bindings, bool isChecked)
    {
        var functions = new List<(string, Overload)>();
        var variables = new Dictionary<string, CelType>();
        if (test.TryGetProperty("type_env", out JsonElement declarations))
        {
            foreach (JsonElement declaration in declarations.EnumerateArray())
            {
                string name = declaration.GetProperty("name").GetString()!;
                if (declaration.TryGetProperty("type", out JsonElement type)) variables[name] = ConformanceJson.ReadType(type);
                else functions.AddRange(declaration.GetProperty("overloads").EnumerateArray().Select(o => (name, ConformanceJson.ReadOverload(o))));
            }
        }

        // Without the checker a name is known by its value alone.
        if (!isChecked)
        {
            foreach (string name in bindings) variables.TryAdd(name, CelType.Dyn);
        }

        string container = test.TryGetProperty("container", out JsonElement c) ? c.GetString()! : "";
        var environment = new ExpressionEnvironment(container, functions);
        foreach ((string name, CelType type) in variables) environment.Add(new VariableDeclaration(name, type));
        return environment;
    }
}
