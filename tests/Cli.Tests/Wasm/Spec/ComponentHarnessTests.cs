using System.Text.Json;
using Chain.Cli.Tests.Components;
using Chain.Cli.Wasm;
using Chain.Cli.Wasm.Spec;

namespace Chain.Cli.Tests.Wasm.Spec;

/// <summary>What the suite cannot show as long as it passes: that a wrong answer fails.</summary>
public sealed class ComponentHarnessTests(ComponentFiles files) : IClassFixture<ComponentFiles>
{
    private const string One = """{ "type": "component", "line": 1, "filename": "calls.wasm", "module_type": "binary" }""";

    [Fact]
    public void ARightResultPasses() => Assert.Equal(Verdict.Passed, Last(One, Pick("assert_return", Byte("5"))).Verdict);

    [Fact]
    public void AWrongResultFails() => Assert.Equal(Outcome.Failed("6", "5"), Last(One, Pick("assert_return", Byte("6"))));

    [Fact]
    public void AReturnIsNoTrap() => Assert.Equal(
        Outcome.Failed("the trap 'unreachable'", "5"), Last(One, Named(Pick("assert_trap"), "unreachable")));

    [Theory]
    [InlineData("wasm trap: wasm `unreachable` instruction executed", true)]
    [InlineData("unaligned pointer", false)]
    public void AnUnreachableInstructionIsTheTrapOnlyWhereItIsNamed(string text, bool passes) => Assert.Equal(
        passes ? Verdict.Passed : Verdict.Failed, Last(One.Replace("calls", "boom"), Named(Call("assert_trap", "boom", ""), text)).Verdict);

    [Fact]
    public void WhatNeedsAsyncIsInstantiatedAndItsCallsAreSkipped()
    {
        Outcome[] outcomes = Run(One.Replace("calls", "async"), Call("action", "go", ""), Call("action", "go", ""));
        Assert.Equal([Outcome.Passed, Outcome.Skipped("needs async"), Outcome.Skipped("needs async")], outcomes);
    }

    [Fact]
    public void AnUnmetImportIsUnlinkable() => Assert.Equal(
        Verdict.Passed, Last("""{ "type": "assert_unlinkable", "line": 1, "filename": "missing.wasm", "module_type": "binary", "text": "x" }""").Verdict);

    [Fact]
    public void ADefinitionIsInstantiatedAfreshEachTime()
    {
        const string definition = """{ "type": "component_definition", "line": 1, "name": "C", "filename": "calls.wasm", "module_type": "binary" }""";
        const string instance = """{ "type": "component_instance", "line": 2, "instance": "i", "component": "C" }""";
        string grow = Call("assert_return", "grow", "", """{"type": "s32", "value": "1"}""");
        Assert.All(Run(definition, instance, grow, instance, grow), outcome => Assert.Equal(Outcome.Passed, outcome));
    }

    [Theory]
    [InlineData("f32", "\"2143289344\"", "nan")]
    [InlineData("u64", "\"18446744073709551615\"", "18446744073709551615")]
    [InlineData("char", "\"😀\"", "'😀'")]
    [InlineData("variant", """{"case": "a", "payload": {"type": "bool", "value": true}}""", "a(true)")]
    [InlineData("variant", """{"case": "b"}""", "b")]
    [InlineData("result", """{"Err": null}""", "err")]
    [InlineData("result", """{"Ok": {"type": "s8", "value": "-1"}}""", "ok(-1)")]
    [InlineData("record", """[["x", {"type": "enum", "value": "ok"}]]""", "{x: %ok}")]
    [InlineData("tuple", """[{"type": "flags", "value": ["r", "w"]}]""", "({r, w})")]
    public void AValueIsReadFromJson(string type, string value, string wave) => Assert.Equal(
        wave, ComponentValues.Describe(ComponentValues.Parse(JsonDocument.Parse($$"""{"type": "{{type}}", "value": {{value}}}""").RootElement)));

    private static string Call(string type, string function, string arguments, string expected = "") =>
        $$"""{ "type": "{{type}}", "line": 3, "action": { "type": "invoke", "field": "{{function}}", "args": [{{arguments}}] }, "expected": [{{expected}}] }""";

    private static string Pick(string type, string expected = "") =>
        Call(type, "pick", """{"type": "option", "value": {"type": "u8", "value": "5"}}, {"type": "option", "value": null}""", expected);

    private static string Byte(string value) => $$"""{"type": "u8", "value": "{{value}}"}""";

    private static string Named(string command, string trap) => command.Replace("\"line\"", $"\"text\": \"{trap}\", \"line\"");

    private Outcome Last(params string[] commands) => Run(commands)[^1];

    private Outcome[] Run(params string[] commands)
    {
        string script = $$"""{ "source_filename": "test.wast", "commands": [{{string.Join(", ", commands)}}] }""";
        var content = Directory.EnumerateFiles(files.Folder).ToDictionary(file => Path.GetFileName(file), File.ReadAllBytes);
        content["test.json"] = System.Text.Encoding.UTF8.GetBytes(script);
        var folder = new ScriptFolder("test", "test.json", content);
        using var harness = new ComponentHarness(folder, Engines.Create());
        return [.. folder.ReadScript().Commands.Select(harness.Execute)];
    }
}
