using System.Text.Json;
using System.Text.Json.Serialization;

namespace Chain.Cli.Bench;

/// <summary>The type of a kernel's checksum.</summary>
internal enum ChecksumType
{
    I32,
    I64,
    F64,
}

/// <summary>One kernel of <c>bench/engine</c>: a module that exports <c>run(n: i32)</c>.</summary>
/// <param name="Name">The name of the kernel and, with <c>.wasm</c>, of its file.</param>
/// <param name="N">The argument, chosen so that one run takes some 30-100 ms.</param>
/// <param name="Result">The type of what <c>run</c> returns.</param>
/// <param name="About">What it stands for.</param>
internal sealed record Kernel(string Name, int N, ChecksumType Result, string About)
{
    private static readonly JsonSerializerOptions Json =
        new(JsonSerializerDefaults.Web) { Converters = { new JsonStringEnumConverter() } };

    /// <summary>The full path of the module.</summary>
    [JsonIgnore]
    public string Path { get; private init; } = "";

    /// <summary>The kernels that <c>kernels.json</c> lists.</summary>
    /// <param name="folder">The folder <c>bench/engine</c>.</param>
    /// <param name="only">The names wanted; empty for all.</param>
    /// <exception cref="CommandException">A name is not that of a kernel.</exception>
    public static IReadOnlyList<Kernel> Load(string folder, IReadOnlyCollection<string> only)
    {
        string list = System.IO.Path.Combine(folder, "kernels.json");
        Kernel[] all = JsonSerializer.Deserialize<Kernel[]>(File.ReadAllBytes(list), Json)!;
        foreach (string name in only)
        {
            if (!all.Any(kernel => kernel.Name == name))
            {
                throw new CommandException(
                    $"--kernel {name}: there is no such kernel; expected one of {string.Join(", ", all.Select(kernel => kernel.Name))}");
            }
        }

        return [.. all.Where(kernel => only.Count == 0 || only.Contains(kernel.Name))
            .Select(kernel => kernel with { Path = System.IO.Path.Combine(folder, kernel.Name + ".wasm") })];
    }
}

/// <summary>One timed call of a kernel.</summary>
/// <param name="Nanoseconds">The processor time, user and system, that the engine's process took for it.</param>
/// <param name="Checksum">What it returned: decimal, or for a float the hexadecimal bits, so that equal means equal.</param>
internal readonly record struct KernelRun(double Nanoseconds, string Checksum);

/// <summary>An engine that runs kernels; used from one thread.</summary>
internal interface IKernelRunner
{
    /// <summary>Compiles and instantiates the kernel, and calls it until the engine's best code is in.</summary>
    void Prepare(Kernel kernel, WarmUp warmUp);

    /// <summary>One call of a prepared kernel.</summary>
    KernelRun Run(Kernel kernel);
}

/// <summary>How long a kernel is called before it counts: both limits must be reached.</summary>
/// <param name="Calls">At least so many calls.</param>
/// <param name="Milliseconds">At least so long.</param>
internal readonly record struct WarmUp(int Calls, int Milliseconds);
