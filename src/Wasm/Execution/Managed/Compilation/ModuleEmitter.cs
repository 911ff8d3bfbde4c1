using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.Loader;
using Chain.Wasm.Binary;
using Chain.Wasm.Execution.Managed.Runtime;
using Chain.Wasm.Validation;
using Module = Chain.Wasm.Binary.Module;

namespace Chain.Wasm.Execution.Managed.Compilation;

/// <summary>
/// Emits the functions of one module: a small module whole at its first call, so that its functions call one another directly; a large
/// one function by function, as they are first called; with a cache on disk any module whole, once. Safe for any thread.
/// </summary>
internal sealed class ModuleEmitter : ICodeSource
{
    // A frame that might be larger than what every stack limit keeps free is checked before it is entered.
    private const int LargeFrameBytes = 64 * 1024;

    // Past this many the instructions would take more room than the prologue's loop.
    private const int MostLocalsClearedOneByOne = 500;

    // Function types that differ to the CLR. The runtime searches the signatures of an assembly one by one for each that is added: 10,000 of
    // them took 20 s. So the stubs go into one assembly for each few hundred.
    private const int MostShapes = 20_000, MostShapesOfWhole = 1_000, StubBatch = 256;

    private readonly EngineOptions options;
    private readonly ClrSignature?[] signatures;
    private readonly MethodBuilder?[] methods;
    private readonly nint[] addresses;
    private readonly int imported;
    private readonly bool isWhole;
    private readonly CodeCache? cache;
    private readonly Lock gate = new();
    private List<uint> unoptimised = [];
    private readonly Dictionary<string, int> stubShapes = [];
    private ModuleBuilder? builder;
    private readonly List<ClrSignature> shapes = [];
    private readonly (Type Type, int FirstToken)?[] stubBatches;
    private Type? stubs;
    private Type? whole;

    public ModuleEmitter(ModuleContext context, ManagedEngine engine)
    {
        Context = context;
        options = engine.Options;
        Module module = context.Module;
        cache = engine.Cache;
        signatures = new ClrSignature?[module.Types.Length];
        methods = new MethodBuilder?[module.Functions.Length];
        addresses = new nint[module.Functions.Length];
        imported = module.ImportCount(ExternalKind.Function);
        long codeBytes = 0;
        foreach (FunctionBody body in module.Bodies) codeBytes += body.Bytes.Length;
        foreach (TypeUse use in module.Functions)
        {
            ClrSignature signature = SignatureOf(use.TypeIndex);
            if (stubShapes.TryAdd(signature.Shape, stubShapes.Count)) shapes.Add(signature);
        }

        if (shapes.Count > MostShapes)
            throw new WasmLimitException($"{module.DisplayName}: too many different function types, expected at most {MostShapes}, found {shapes.Count}");
        isWhole = codeBytes <= options.EagerCodeBytes && shapes.Count <= MostShapesOfWhole;
        stubAddresses = new nint[2 * shapes.Count];
        stubBatches = new (Type, int)?[(shapes.Count / StubBatch) + 1];
        if (cache is not null && module.Functions.Length > 0) LoadOrPersist(cache, module);
    }

    private ModuleBuilder Builder => builder ??= DynamicCode.NewModule("wasm:" + Context.Module.DisplayName);

    public ModuleContext Context { get; }

    /// <summary>The functions that were emitted and that the JIT will not optimise.</summary>
    public IReadOnlyCollection<uint> UnoptimisedFunctions
    {
        get
        {
            lock (gate) return [.. unoptimised];
        }
    }

    public int EmittedFunctions { get; private set; }

    public ClrSignature SignatureOf(uint typeIndex) => signatures[typeIndex] ??= new ClrSignature(Context.FunctionTypeAt(typeIndex));

    public MethodInfo? MethodOf(uint function) => methods[function - imported];

    /// <summary>The code of a function, emitted now if it was not. The JIT compiles it when it is called.</summary>
    public nint Compile(uint function)
    {
        int own = (int)function - imported;
        nint known = Volatile.Read(ref addresses[own]);
        if (known != 0) return known;
        lock (gate)
        {
            if (addresses[own] != 0) return addresses[own];
            nint address = isWhole || whole is not null
                ? AddressInWhole(whole ??= EmitAll(Builder), function)
                : DynamicCode.AddressOf(EmitOne(function), MethodName(function));
            Volatile.Write(ref addresses[own], address);
            return address;
        }
    }

    /// <summary>What stands in the code table for functions of a type until they are compiled.</summary>
    public nint PendingStub(uint typeIndex) => Stub(typeIndex, 0);

    /// <summary>What stands in references to functions of a type until they are compiled.</summary>
    public nint ReferenceStub(uint typeIndex) => Stub(typeIndex, 1);

    // The functions stand first and in order, so that one look-up by name serves them all.
    private nint AddressInWhole(Type type, uint function)
    {
        if (firstMethod == 0) firstMethod = type.GetMethod(MethodName((uint)imported))!.MetadataToken;
        return type.Module.ResolveMethod(firstMethod + (int)function - imported)!.MethodHandle.GetFunctionPointer();
    }

    private int firstMethod;

    private void LoadOrPersist(CodeCache store, Module module)
    {
        string key = CodeCache.KeyOf(module, options);
        Assembly? assembly = store.TryLoad(key);
        if (assembly is null)
        {
            byte[] bytes = Persist();
            store.Save(key, bytes);
            assembly = CodeCache.Load(bytes, key);
        }

        whole = assembly.GetType("code", throwOnError: true)!;
        stubs = assembly.GetType("stubs", throwOnError: true)!;
        loaded = new UnloadOnCollect(AssemblyLoadContext.GetLoadContext(assembly)!);
        string listed = assembly.GetCustomAttributes<AssemblyMetadataAttribute>().First(item => item.Key == UnoptimisedKey).Value!;
        unoptimised = [.. listed.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(uint.Parse)];
        EmittedFunctions = methods.Length;
    }

    private const string UnoptimisedKey = "unoptimised";

    private UnloadOnCollect? loaded;

    private byte[] Persist()
    {
        var assembly = new PersistedAssemblyBuilder(new AssemblyName("wasm"), typeof(object).Assembly);
        DynamicCode.OpenInternals(assembly, typeof(ModuleEmitter).Assembly);
        ModuleBuilder target = assembly.DefineDynamicModule("wasm");
        EmitAll(target);
        EmitStubs(target, 0, shapes.Count);
        assembly.SetCustomAttribute(new CustomAttributeBuilder(
            typeof(AssemblyMetadataAttribute).GetConstructor([typeof(string), typeof(string)])!, [UnoptimisedKey, string.Join(',', unoptimised)]));
        var bytes = new MemoryStream();
        assembly.Save(bytes);
        Array.Clear(methods);
        return bytes.ToArray();
    }

    /// <summary>Starts to unload a context with its last user; code that still runs holds it until it returns.</summary>
    private sealed class UnloadOnCollect(AssemblyLoadContext context)
    {
        ~UnloadOnCollect() => context.Unload();
    }

    private Type EmitAll(ModuleBuilder target)
    {
        TypeBuilder type = DynamicCode.NewType(target, "code");
        for (int i = 0; i < methods.Length; i++) methods[i] = Define(type, MethodName((uint)(i + imported)), (uint)(i + imported));
        for (int i = 0; i < methods.Length; i++) EmitBody(type, (uint)(i + imported));
        return type.CreateType();
    }

    private Type EmitOne(uint function)
    {
        TypeBuilder type = DynamicCode.NewType(Builder, $"code{function}");
        methods[function - imported] = Define(type, MethodName(function), function);
        EmitBody(type, function);
        return type.CreateType();
    }

    private static string MethodName(uint function) => $"{WasmTrapException.FramePrefix}{function}]";

    private MethodBuilder Define(TypeBuilder type, string name, uint function)
    {
        ClrSignature signature = SignatureOf(Context.FunctionTypes[function]);
        return type.DefineMethod(name, DynamicCode.MethodKind, signature.ReturnType, signature.ParameterTypes);
    }

    private void EmitBody(TypeBuilder type, uint function)
    {
        MethodBuilder method = methods[function - imported]!;
        FunctionBody body = Context.Module.Bodies[function - imported];
        bool mayBeLarge = body.Bytes.Length > LargeFrameBytes / 24 || LocalCount(body) > LargeFrameBytes / 32;
        MethodBuilder inner = method;
        if (mayBeLarge)
        {
            inner = Define(type, MethodName(function) + "-body", function);
            inner.SetImplementationFlags(MethodImplAttributes.NoInlining);
        }

        inner.InitLocals = LocalCount(body) > MostLocalsClearedOneByOne;
        var emitter = new FunctionEmitter(this, function, inner.GetILGenerator(), inner.InitLocals, options);
        emitter.Emit();
        if (mayBeLarge) EmitGuard(method.GetILGenerator(), inner, SignatureOf(Context.FunctionTypes[function]), emitter.FrameEstimate);
        EmittedFunctions++;
        if (emitter.Written.IsPastOptimisation) unoptimised.Add(function);
    }

    private uint LocalCount(FunctionBody body)
    {
        var reader = new InstructionReader(body.Bytes.Span, body.Offset, Context.Module.DisplayName, new InstructionReader.Immediates());
        var runs = new List<(uint Count, Binary.ValueType Type)>();
        reader.ReadLocals(runs);
        return (uint)runs.Sum(static run => run.Count);
    }

    // The body's own check comes too late: its frame exists by then.
    private static void EmitGuard(ILGenerator generator, MethodInfo body, ClrSignature signature, int frameBytes)
    {
        var il = new CilWriter(generator);
        LocalBuilder probe = il.DeclareLocal(typeof(int));
        Label enough = il.DefineLabel();
        il.LoadAddress(probe);
        il.Emit(OpCodes.Conv_U);
        il.LoadArgument(signature.Parameters.Length);
        il.Field(OpCodes.Ldfld, Members.Context);
        il.Constant(NativeContext.StackLimitOffset);
        il.Emit(OpCodes.Add);
        il.Emit(OpCodes.Ldind_I);
        il.Constant(frameBytes);
        il.Emit(OpCodes.Conv_U);
        il.Emit(OpCodes.Add);
        il.Branch(OpCodes.Bge_Un, enough);
        il.LoadArgument(signature.Parameters.Length);
        il.Call(Members.Method(typeof(Trap), nameof(Trap.MakeNoStack)));
        il.Emit(OpCodes.Throw);
        il.Mark(enough);
        for (int i = 0; i < signature.ParameterTypes.Length; i++) il.LoadArgument(i);
        il.Call(body);
        il.Emit(OpCodes.Ret);
    }

    // A module may have as many shapes as functions: the stubs stand in order too, and none is looked up by name but the first.
    private nint Stub(uint typeIndex, int kind)
    {
        lock (gate)
        {
            int shape = stubShapes[SignatureOf(typeIndex).Shape], place = (2 * shape) + kind;
            if (stubAddresses[place] != 0) return stubAddresses[place];
            // Those from the cache on disk stand all in one.
            int batch = stubs is null ? shape / StubBatch : 0;
            (Type type, int first) = stubBatches[batch] ??= FirstOf(stubs ?? EmitStubBatch(batch));
            return stubAddresses[place] = type.Module.ResolveMethod(first + place - (2 * StubBatch * batch))!.MethodHandle.GetFunctionPointer();
        }
    }

    private static (Type Type, int FirstToken) FirstOf(Type type) => (type, type.GetMethod("pending0")!.MetadataToken);

    private Type EmitStubBatch(int batch)
    {
        int from = batch * StubBatch;
        return EmitStubs(DynamicCode.NewModule($"wasm-stubs{batch}:" + Context.Module.DisplayName), from, Math.Min(from + StubBatch, shapes.Count));
    }

    private readonly nint[] stubAddresses;

    private Type EmitStubs(ModuleBuilder target, int from, int to)
    {
        TypeBuilder type = DynamicCode.NewType(target, "stubs");
        for (int i = from; i < to; i++)
        {
            EmitStub(type, $"pending{i - from}", shapes[i], Members.ResolvePending, targetIsFunction: false);
            EmitStub(type, $"reference{i - from}", shapes[i], Members.FunctionResolve, targetIsFunction: true);
        }

        return type.CreateType();
    }

    private static void EmitStub(TypeBuilder type, string name, ClrSignature signature, MethodInfo resolve, bool targetIsFunction)
    {
        MethodBuilder method = type.DefineMethod(name, DynamicCode.MethodKind, signature.ReturnType, signature.ParameterTypes);
        var il = new CilWriter(method.GetILGenerator());
        LocalBuilder address = il.DeclareLocal(typeof(nint));
        int last = signature.Parameters.Length;
        il.LoadArgument(last);
        il.Call(resolve);
        il.Store(address);
        for (int i = 0; i < last; i++) il.LoadArgument(i);
        il.LoadArgument(last);
        if (targetIsFunction) il.Field(OpCodes.Ldfld, Members.FunctionTarget);
        il.Load(address);
        il.CallIndirect(signature.ReturnType, signature.ParameterTypes);
        il.Emit(OpCodes.Ret);
    }
}
