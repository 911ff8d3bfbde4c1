using System.Text.Json;
using System.Text.Json.Serialization;

namespace Chain.Cli.Wasm.Spec;

/// <summary>A converted <c>.wast</c> script.</summary>
/// <param name="SourceFileName">The text file that it was made from.</param>
/// <param name="Commands">What it does, in order.</param>
internal sealed record Script(
    [property: JsonPropertyName("source_filename")] string SourceFileName,
    [property: JsonPropertyName("commands")] IReadOnlyList<ScriptCommand> Commands);

/// <summary>One command of a script. Which members it has follows from <see cref="Type"/>.</summary>
internal sealed record ScriptCommand
{
    /// <summary>Such as <c>module</c> or <c>assert_return</c>.</summary>
    [JsonPropertyName("type"), JsonRequired]
    public string Type { get; init; } = "";

    /// <summary>The line in the text file.</summary>
    [JsonPropertyName("line")]
    public int Line { get; init; }

    [JsonPropertyName("name")]
    public string? Name { get; init; }

    [JsonPropertyName("filename")]
    public string? FileName { get; init; }

    [JsonPropertyName("module_type")]
    public string? ModuleType { get; init; }

    [JsonPropertyName("binary_filename")]
    public string? BinaryFileName { get; init; }

    /// <summary>The reference implementation's message.</summary>
    [JsonPropertyName("text")]
    public string? Text { get; init; }

    [JsonPropertyName("action")]
    public ScriptAction? Action { get; init; }

    /// <summary>The expected results; their shape is that of the suite's values.</summary>
    [JsonPropertyName("expected")]
    public IReadOnlyList<JsonElement> Expected { get; init; } = [];

    [JsonPropertyName("as")]
    public string? As { get; init; }

    [JsonPropertyName("instance")]
    public string? Instance { get; init; }

    [JsonPropertyName("module")]
    public string? Module { get; init; }

    [JsonPropertyName("component")]
    public string? Component { get; init; }

    /// <summary>The binary that the command is about, or <see langword="null"/> where there is only text.</summary>
    [JsonIgnore]
    public string? BinaryFile => ModuleType == "text" ? BinaryFileName : FileName;
}

/// <summary>A call, or the reading of an exported global.</summary>
internal sealed record ScriptAction
{
    /// <summary><c>invoke</c> or <c>get</c>.</summary>
    [JsonPropertyName("type"), JsonRequired]
    public string Type { get; init; } = "";

    [JsonPropertyName("module")]
    public string? Module { get; init; }

    [JsonPropertyName("field"), JsonRequired]
    public string Field { get; init; } = "";

    [JsonPropertyName("args")]
    public IReadOnlyList<JsonElement> Arguments { get; init; } = [];
}
