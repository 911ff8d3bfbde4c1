using System.Diagnostics;
using System.Text.Json;
using Chain.Tests;

namespace Chain.Cli.Tests.Components;

/// <summary>Commands as processes of their own: their streams are the guest's.</summary>
public sealed class RunCommandSampleTests : IDisposable
{
    private static readonly string Samples = Path.Combine(Places.Shared, "samples");

    private readonly string folder = Directory.CreateTempSubdirectory("chain-run-").FullName;

    public static TheoryData<string> Commands => ["c/hello-p1-component.wasm", "c/hello-p2.wasm", "rust/hello-rs-p2-component.wasm"];

    [SharedTheory("samples")]
    [MemberData(nameof(Commands))]
    public void ASampleCommandDoesInAProcessWhatIsExpected(string name)
    {
        JsonElement sample = JsonDocument.Parse(File.ReadAllText(Path.Combine(Samples, "expected.json"))).RootElement
            .GetProperty("components").EnumerateArray().Single(one => one.GetProperty("component").GetString() == name);
        foreach (JsonElement one in sample.GetProperty("cases").EnumerateArray())
        {
            (string Output, string Error, int Code) expected =
                (one.GetProperty("stdout").GetString()!, one.GetProperty("stderr").GetString()!, one.GetProperty("exit").GetInt32());
            Assert.Equal(expected, Run(Arguments(name, one), one.GetProperty("stdin").GetString()!));
        }
    }

    public void Dispose() => Directory.Delete(folder, true);

    private List<string> Arguments(string name, JsonElement one)
    {
        List<string> arguments = ["component", "run", Path.Combine(Samples, name)];
        foreach (JsonProperty variable in one.GetProperty("env").EnumerateObject()) arguments.AddRange(["--env", $"{variable.Name}={variable.Value.GetString()}"]);
        if (one.TryGetProperty("preopens", out JsonElement preopens))
        {
            foreach (JsonProperty preopen in preopens.EnumerateObject())
            {
                string host = Directory.CreateDirectory(Path.Combine(folder, Guid.NewGuid().ToString())).FullName;
                foreach (JsonProperty file in preopen.Value.EnumerateObject()) File.WriteAllText(Path.Combine(host, file.Name), file.Value.GetString());
                arguments.AddRange(["--dir", $"{host}::{preopen.Name}"]);
            }
        }

        arguments.Add("--");
        arguments.AddRange(one.GetProperty("args").EnumerateArray().Skip(1).Select(argument => argument.GetString()!));
        return arguments;
    }

    private static (string Output, string Error, int Code) Run(List<string> arguments, string input)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "chain.dll"), .. arguments])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (output, error.Result, process.ExitCode);
    }
}
