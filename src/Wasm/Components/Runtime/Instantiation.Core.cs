using Chain.Wasm.Binary;
using Chain.Wasm.Components.Binary;
using Chain.Wasm.Components.CanonicalAbi;
using Chain.Wasm.Components.CanonicalAbi.Compilation;
using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Components.Types;
using Chain.Wasm.Execution;
using ValueType = Chain.Wasm.Binary.ValueType;

namespace Chain.Wasm.Components.Runtime;

/// <summary>Core instances, and the functions between them and the component level.</summary>
internal sealed partial class Instantiation
{
    private static readonly FunctionType TakesOne = new([ValueType.I32], []);
    private static readonly FunctionType TakesAndGivesOne = new([ValueType.I32], [ValueType.I32]);

    private readonly List<CompiledModule> modules = [];
    private readonly List<CoreInstance> coreInstances = [];
    private readonly List<Function> coreFuncs = [];
    private readonly List<LinearMemory> memories = [];
    private readonly List<ReferenceTable> tables = [];
    private readonly List<GlobalVariable> globals = [];
    private readonly List<ExceptionTag> tags = [];

    private void Instantiate(CoreInstantiation definition)
    {
        CompiledModule module = modules[(int)definition.Module];
        root.Budget.Spend(module.Module.Imports.Length + definition.Arguments.Length);
        var arguments = new Dictionary<string, CoreInstance>(definition.Arguments.Length);
        foreach ((string name, uint instance) in definition.Arguments) arguments[name] = coreInstances[(int)instance];
        var imports = new External[module.Module.Imports.Length];
        for (int i = 0; i < imports.Length; i++)
        {
            Import import = module.Module.Imports[i];
            imports[i] = arguments[import.Module].Find(import.Name)!;
        }

        Instance made = module.Instantiate(Core, imports);
        root.Own(made);
        coreInstances.Add(new CoreInstance(made, null));
    }

    private CoreInstance InlineExports(CoreInlineExports definition)
    {
        root.Budget.Spend(definition.Exports.Length);
        var items = new Dictionary<string, External>(definition.Exports.Length);
        foreach ((string name, CoreSort sort, uint index) in definition.Exports)
        {
            items[name] = sort switch
            {
                CoreSort.Func => coreFuncs[(int)index],
                CoreSort.Memory => memories[(int)index],
                CoreSort.Table => tables[(int)index],
                CoreSort.Global => globals[(int)index],
                _ => tags[(int)index],
            };
        }

        return new CoreInstance(null, items);
    }

    private void Append(CoreSort sort, External item)
    {
        switch (sort)
        {
            case CoreSort.Func: coreFuncs.Add((Function)item); break;
            case CoreSort.Memory: memories.Add((LinearMemory)item); break;
            case CoreSort.Table: tables.Add((ReferenceTable)item); break;
            case CoreSort.Global: globals.Add((GlobalVariable)item); break;
            case CoreSort.Tag: tags.Add((ExceptionTag)item); break;
        }
    }

    private void Define(CanonDefinition canon)
    {
        switch (canon.Kind)
        {
            case CanonKind.Lift: Lift(canon); break;
            case CanonKind.Lower: Lower(canon); break;
            case CanonKind.ResourceNew:
                RuntimeResourceType made = ResourceAt(canon);
                coreFuncs.Add(Core.CreateFunction(TakesAndGivesOne, (Func<int, int>)(representation =>
                {
                    State.CheckMayLeave();
                    return State.Handles.Add(made, new Representation(representation, null), isOwn: true, null);
                })));
                break;
            case CanonKind.ResourceRep:
                RuntimeResourceType asked = ResourceAt(canon);
                coreFuncs.Add(Core.CreateFunction(TakesAndGivesOne, (Func<int, int>)(index => State.Handles.Get(index, asked).Guest)));
                break;
            case CanonKind.ResourceDrop:
                RuntimeResourceType dropped = ResourceAt(canon);
                coreFuncs.Add(Core.CreateFunction(TakesOne, (Action<int>)(index =>
                {
                    State.CheckMayLeave();
                    if (State.Handles.Remove(index, dropped, out Representation representation)) dropped.Drop(representation, State);
                })));
                break;
            default:
                AddRefusing(Unsupported(canon, $"the canonical built-in {canon.Kind}"));
                break;
        }
    }

    private void Lift(CanonDefinition canon)
    {
        FuncType type = (FuncType)context.Types[(int)canon.Type];
        if (ShapeOf(canon, type, out UnsupportedComponentException? refusal) is not { } shape)
        {
            funcs.Add(new RefusingFunction(type, refusal!));
            return;
        }

        Function? postReturn = Option(canon, CanonOptionKind.PostReturn) is { } index ? coreFuncs[(int)index] : null;
        funcs.Add(new LiftedFunction(type, Options(canon), coreFuncs[(int)canon.Function], postReturn, ResourcesOf(shape)));
    }

    private void Lower(CanonDefinition canon)
    {
        FuncType type = context.Funcs[(int)canon.Function];
        if (ShapeOf(canon, type, out UnsupportedComponentException? refusal) is not { } shape)
        {
            AddRefusing(refusal!);
            return;
        }

        var lowered = new LoweredFunction(type, funcs[(int)canon.Function], Options(canon), ResourcesOf(shape));
        Delegate code = State.Interceptor is { } interceptor && interceptor.Observes(lowered.Callee)
            ? ObservedCode.Create(new ObservedImport(lowered, interceptor), shape.LoweredDelegate)
            : CoreDelegates.Lazy(lowered);
        coreFuncs.Add(Core.CreateFunction(shape.LoweredType, code));
    }

    private AbiContext Options(CanonDefinition canon)
    {
        LinearMemory? memory = Option(canon, CanonOptionKind.Memory) is { } memoryIndex ? memories[(int)memoryIndex] : null;
        Func<int, int, int, int, int>? realloc = Option(canon, CanonOptionKind.Realloc) is { } reallocIndex
            ? coreFuncs[(int)reallocIndex].CreateDelegate<Func<int, int, int, int, int>>()
            : null;
        StringEncoding encoding = Option(canon, CanonOptionKind.Utf16) is not null ? StringEncoding.Utf16
            : Option(canon, CanonOptionKind.Latin1Utf16) is not null ? StringEncoding.Latin1Utf16
            : StringEncoding.Utf8;
        return new AbiContext(State, memory, realloc, encoding);
    }

    private static uint? Option(CanonDefinition canon, CanonOptionKind kind)
    {
        foreach (CanonOption option in canon.Options)
        {
            if (option.Kind == kind) return option.Index;
        }

        return null;
    }

    private RuntimeResourceType ResourceAt(CanonDefinition canon) => resources[((ResourceType)context.Types[(int)canon.Type]).Identity];

    private FunctionShape? ShapeOf(CanonDefinition canon, FuncType type, out UnsupportedComponentException? refusal)
    {
        refusal = type.IsAsync ? Unsupported(canon, "an async function")
            : Option(canon, CanonOptionKind.Async) is not null ? Unsupported(canon, "the async option")
            : null;
        if (refusal is not null) return null;
        var shape = FunctionShape.Of(type);
        root.Budget.Spend(shape.Weight);
        if (!shape.HasAsyncValue) return shape;
        refusal = Unsupported(canon, "a function with a stream, future or error context");
        return null;
    }

    // What is never called does no harm: a component may have it for a host that can more.
    private void AddRefusing(UnsupportedComponentException refusal)
    {
        var type = (FunctionType)context.Registry.Get(context.CoreFuncs[coreFuncs.Count]).Composite;
        coreFuncs.Add(Core.CreateFunction(type, (Func<Value[], Value[]>)(_ => throw new UnsupportedComponentException(refusal.Message, refusal.Offset))));
    }

    private UnsupportedComponentException Unsupported(CanonDefinition canon, string what) => new(
        $"{compiled.DisplayName} at 0x{canon.Offset:x}: {what} needs the Component Model's async (WASI 0.3), which is validated but not run yet",
        canon.Offset);

    /// <summary>A core instance: one of a module, or definitions put together.</summary>
    private sealed class CoreInstance(Instance? instance, Dictionary<string, External>? items)
    {
        public External? Find(string name) => instance is not null ? instance.Find(name) : items!.GetValueOrDefault(name);
    }
}
