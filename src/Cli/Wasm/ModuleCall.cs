using System.Globalization;
using Chain.Cli.Wasm.Spec;
using Chain.Wasm.Binary;
using Chain.Wasm.Execution;
using Chain.Wasm.Text;
using ValueType = Chain.Wasm.Binary.ValueType;

namespace Chain.Cli.Wasm;

/// <summary>A result of a call as text, in the form in which it can be given again.</summary>
internal readonly record struct CallResult(ValueKind Kind, string Text);

/// <summary>One call of one exported function in a fresh instance.</summary>
/// <param name="File">The module's file.</param>
/// <param name="Export">The function.</param>
/// <param name="Arguments">Its arguments as typed.</param>
/// <param name="Limits">What it may use.</param>
/// <param name="Timeout">How long instantiation and call may take together.</param>
/// <param name="OfferSpecTest">Whether its imports find the module <c>spectest</c>.</param>
internal sealed record ModuleCall(string File, string Export, string[] Arguments, StoreLimits Limits, TimeSpan Timeout, bool OfferSpecTest)
{
    private const int ImportsShown = 5;

    private Module? read;

    /// <summary>The functions that ran when the guest trapped, innermost first, a line each.</summary>
    public IEnumerable<string> Backtrace(WasmTrapException trap) => trap.Backtrace.Select(
        function => read?.Names.Function(function) is { } name ? $"function {function} '{TextLiteral.OneLine(name)}'" : $"function {function}");

    /// <summary>Runs it on a thread whose stack holds <see cref="StoreLimits.StackBytes"/>.</summary>
    /// <exception cref="CommandException">The file, the function's name, an argument or an import is wrong.</exception>
    /// <exception cref="Chain.Wasm.WasmException">The module is invalid, or the guest failed.</exception>
    public IReadOnlyList<CallResult> Run(CancellationToken cancellation)
    {
        Module module = read = ModuleFile.ReadModule(File);
        return GuestThread.Run(Limits, () => Call(module, cancellation));
    }

    private CallResult[] Call(Module module, CancellationToken cancellation)
    {
        Engine engine = Engines.Create(new EngineOptions { MeasureFuel = Limits.Fuel is not null });
        CompiledModule compiled = engine.Compile(module);
        // Before anything runs: a start function should not act for a call that cannot be made.
        FunctionType type = FindType(module);
        Value[] arguments = ParseArguments(type);
        using Store store = engine.CreateStore(Limits);
        IReadOnlyDictionary<string, External> host = OfferSpecTest ? SpecTestModule.Create(store) : new Dictionary<string, External>();
        CheckImports(module, host);
        store.SetDeadline(Timeout, cancellation);
        Instance instance = compiled.Instantiate(store, import => import.Module == SpecTestModule.Name ? host.GetValueOrDefault(import.Name) : null);
        Value[] results = instance.GetFunction(Export).Invoke(arguments);
        return Array.ConvertAll(results, result => new CallResult(result.Kind, ValueText.Format(result, engine)));
    }

    private FunctionType FindType(Module module)
    {
        var functions = new List<string>();
        foreach (Export export in module.Exports)
        {
            if (export.Kind == ExternalKind.Function) functions.Add(export.Name);
            if (export.Name != Export) continue;
            if (export.Kind != ExternalKind.Function)
                throw new CommandException($"{File} exports '{Export}' as a {ModuleSections.Name(export.Kind)}; expected a function");
            return TypeOf(module, export.Index);
        }

        string hint = functions.Count == 0 ? "; it exports no function" : NearNames.Hint(Export, functions);
        throw new CommandException($"{File} exports no function '{Export}'{hint}");
    }

    private static FunctionType TypeOf(Module module, uint function)
    {
        int imported = module.ImportCount(ExternalKind.Function);
        uint type = function < (uint)imported
            ? module.Imports.Where(import => import.Kind == ExternalKind.Function).ElementAt((int)function).TypeIndex
            : module.Functions[(int)function - imported].TypeIndex;
        return (FunctionType)module.Types[type].Composite;
    }

    private Value[] ParseArguments(FunctionType type)
    {
        ValueType[] parameters = type.Parameters;
        if (Arguments.Length != parameters.Length)
        {
            string expected = parameters.Length == 0 ? "no arguments" : $"{parameters.Length} ({string.Join(' ', parameters)})";
            throw new CommandException($"'{Export}' takes {expected}; found {Arguments.Length}");
        }

        var values = new Value[parameters.Length];
        for (int i = 0; i < values.Length; i++)
        {
            if (!ValueText.TryParse(parameters[i], Arguments[i], out values[i]))
            {
                throw new CommandException(string.Create(
                    CultureInfo.InvariantCulture,
                    $"argument {i + 1} of '{Export}': expected {ValueText.Expectation(parameters[i])}, found '{Arguments[i]}'"));
            }
        }

        return values;
    }

    private void CheckImports(Module module, IReadOnlyDictionary<string, External> host)
    {
        Import[] unmet = [.. module.Imports.Where(import => import.Module != SpecTestModule.Name || !host.ContainsKey(import.Name))];
        if (unmet.Length == 0) return;
        var types = new ExternalTypes(module, new ModuleText(module));
        var list = unmet.Take(ImportsShown).Select(import =>
            $"{TextLiteral.OneLine(import.Module)}.{TextLiteral.OneLine(import.Name)} ({ModuleSections.Name(import.Kind)} {types.Of(import)})");
        string more = unmet.Length > ImportsShown ? $" and {unmet.Length - ImportsShown} more" : "";
        string hint = !OfferSpecTest && unmet.All(import => import.Module == SpecTestModule.Name) ? "; --spectest offers them" : "";
        throw new CommandException($"{File} has unmet imports: {string.Join(", ", list)}{more}{hint}");
    }
}
