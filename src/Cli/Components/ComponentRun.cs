using Chain.Cli.Wasm;
using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Components.Runtime;
using Chain.Wasm.Components.Text;
using Chain.Wasm.Components.Types;
using Chain.Wasm.Components.Values;
using Chain.Wasm.Execution;
using Chain.Wasm.Text;
using Chain.Wasm.Wasi;
using Chain.Wasm.Wasi.Http;
using Chain.Wasm.Wasi.Logging;

namespace Chain.Cli.Components;

/// <summary>The result of a call, or nothing where the function has none.</summary>
internal sealed record InvokeResult(ValType? Type, ComponentValue? Value)
{
    /// <summary>The value as text; empty where there is none.</summary>
    public string Wave => Value is null ? "" : Chain.Wasm.Components.Text.Wave.Format(Value);
}

/// <summary>One run of one component in a fresh instance.</summary>
/// <param name="File">The component's file.</param>
/// <param name="Arguments">What a command gets, without its name.</param>
/// <param name="Grants">What it may do.</param>
/// <param name="Limits">What it may use.</param>
/// <param name="Deadline">How long instantiation and call may take together.</param>
internal sealed record ComponentRun(string File, string[] Arguments, Grants Grants, StoreLimits Limits, TimeSpan Deadline)
{
    private const string CommandInterface = "wasi:cli/run";
    private const string ServiceInterface = "wasi:http/incoming-handler";
    private const int ExportsShown = 5;

    /// <summary>Runs the command that it is.</summary>
    /// <returns>The exit code that the guest's result stands for.</returns>
    /// <exception cref="CommandException">The file is wrong, or no command.</exception>
    /// <exception cref="Chain.Wasm.WasmException">An import is unmet, or the guest failed or ended itself.</exception>
    public int Command(CancellationToken cancellation)
    {
        CompiledComponent component = ComponentFile.Compile(File, Engines.Create());
        string export = FindCommand(component.Context.Type);
        return GuestThread.Run(Limits, () => In(component, cancellation, instance =>
            instance.GetFunction(export, "run").Invoke() is ResultValue { IsOk: false } ? ExitCode.Failed : ExitCode.Ok));
    }

    /// <summary>Calls a function that it exports.</summary>
    /// <param name="call">Its name and arguments, as in <c>demo:greet/ops#greet("Ada")</c>.</param>
    /// <param name="cancellation">Ends the guest.</param>
    /// <exception cref="CommandException">The file, the name or an argument is wrong.</exception>
    /// <exception cref="Chain.Wasm.WasmException">An import is unmet, or the guest failed or ended itself.</exception>
    public InvokeResult Invoke(string call, CancellationToken cancellation)
    {
        CompiledComponent component = ComponentFile.Compile(File, Engines.Create());
        int parenthesis = call.IndexOf('(');
        string name = (parenthesis < 0 ? call : call[..parenthesis]).Trim();
        ExportedFunction function = FindFunction(component.Context.Type, name);
        // Before anything runs: a start function should not act for a call that cannot be made.
        ComponentValue[] arguments = ParseArguments(function, call, parenthesis < 0 ? call.Length : parenthesis);
        return GuestThread.Run(Limits, () => In(component, cancellation, instance =>
            new InvokeResult(function.Type.Result, instance.GetFunction(function.Interface, function.Name).Invoke(arguments))));
    }

    private ExportedFunction FindFunction(ComponentType type, string name)
    {
        try
        {
            return ExportedFunction.Find(File, ExportedFunction.All(type), name);
        }
        catch (KeyNotFoundException e)
        {
            throw new CommandException(e.Message);
        }
    }

    private static ComponentValue[] ParseArguments(ExportedFunction function, string call, int start)
    {
        try
        {
            return Wave.ParseArguments(call, function.Type, start);
        }
        catch (WaveException e)
        {
            throw new CommandException($"--invoke '{call}', {e.Message}");
        }
    }

    private string FindCommand(ComponentType type)
    {
        foreach (NamedExtern export in type.Exports)
        {
            if (InterfaceVersions.CanonicalName(export.Name) == CommandInterface + "@0.2") return export.Name;
        }

        string[] names = [.. type.Exports.Select(export => export.Name)];
        if (names.FirstOrDefault(name => InterfaceVersions.WithoutVersion(name) == CommandInterface) is { } other)
            throw new CommandException($"{File} exports {other}; only commands of WASI 0.2 ({CommandInterface}@0.2.x) can be run");
        if (names.Any(name => InterfaceVersions.WithoutVersion(name) == ServiceInterface))
            throw new CommandException($"{File} is no command but an HTTP service (it exports {ServiceInterface}); 'chain component serve {File}' runs it");
        ExportedFunction? callable = ExportedFunction.All(type).FirstOrDefault();
        string some = names.Length == 0 ? "nothing" : string.Join(", ", names.Take(ExportsShown)) + (names.Length > ExportsShown ? $" and {names.Length - ExportsShown} more" : "");
        string hint = callable is null ? "" : $"; call a function with --invoke '{callable.Call}'";
        throw new CommandException($"{File} is no command: it exports {some}, not {CommandInterface}{hint}");
    }

    private T In<T>(CompiledComponent component, CancellationToken cancellation, Func<ComponentInstance, T> act)
    {
        PreparedComponent prepared = new ComponentLinker(component.Engine)
            .Add(WasiInterfaces.Command).Add(HttpInterfaces.All).Add(LoggingInterfaces.All).Prepare(component);
        using var http = new OutgoingHttp(Grants.Http);
        using var store = new ComponentStore(component.Engine, Limits);
        store.Add(new WasiState(Wasi()));
        store.Add(new HttpState(http));
        store.Add(new LoggingState(static entry => Console.Error.WriteLine(
            $"{entry.Level.ToString().ToLowerInvariant()}: {(entry.Context.Length == 0 ? "" : $"{TextLiteral.OneLine(entry.Context)}: ")}{TextLiteral.OneLine(entry.Message)}")));
        store.SetDeadline(Deadline, cancellation);
        return act(prepared.Instantiate(store));
    }

    private WasiOptions Wasi() => new()
    {
        Arguments = [Path.GetFileName(File).Split('.')[0], .. Arguments],
        Environment = Grants.Environment,
        Preopens = Grants.Directories,
        Input = Console.OpenStandardInput(),
        Output = Console.OpenStandardOutput(),
        Error = Console.OpenStandardError(),
        IsInputTerminal = !Console.IsInputRedirected,
        IsOutputTerminal = !Console.IsOutputRedirected,
        IsErrorTerminal = !Console.IsErrorRedirected,
    };
}
