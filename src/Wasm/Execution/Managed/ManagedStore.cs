using System.Runtime.InteropServices;
using Chain.Wasm.Binary;
using Chain.Wasm.Execution.Managed.Compilation;
using Chain.Wasm.Execution.Managed.Runtime;

namespace Chain.Wasm.Execution.Managed;

/// <summary>The managed engine's store.</summary>
internal sealed unsafe class ManagedStore : Store
{
    // Room for the deepest frame that one check lets through, and for the host functions that a guest may call at its limit.
    private const nuint StackReserve = 256 * 1024;
    private const int MaxResults = 1000;

    // Turns from host to guest within one another on a thread. An exception of the host's takes new stack for each on its way out.
    private const int MostTurns = 200;

    [ThreadStatic]
    private static int turns;

    private readonly ManagedEngine engine;
    private readonly List<ManagedMemory> memories = [];
    private readonly Deadline deadline;
    private NativeContext* context;
    private long memoryBytes;
    private long tableElements;
    private int instances;
    private int resultCapacity;
    private ManagedFunction? lastCalled;
    private nuint runningOn;

    public ManagedStore(ManagedEngine engine, StoreLimits limits)
    {
        this.engine = engine;
        Limits = limits;
        context = (NativeContext*)NativeMemory.AllocZeroed((nuint)sizeof(NativeContext));
        context->Fuel = limits.Fuel ?? long.MaxValue;
        context->StackLimit = NativeContext.NoStack;
        deadline = new Deadline(context);
        Heap = new GuestHeap(limits.HeapBytes);
    }

    public override Engine Engine => engine;

    public override StoreLimits Limits { get; }

    /// <summary>The context's address, for compiled code.</summary>
    public nint Context => (nint)context;

    /// <summary>What guests hold on the managed heap.</summary>
    public GuestHeap Heap { get; }

    /// <summary>Reference results past the first one, by their place among the results.</summary>
    public object?[] ReferenceResults { get; private set; } = [];

    public override long? Fuel
    {
        get
        {
            ThrowIfDisposed();
            return Limits.Fuel is null ? null : Math.Max(0, context->Fuel);
        }

        set
        {
            ThrowIfDisposed();
            if (Limits.Fuel is null) throw new InvalidOperationException("the store was made without fuel");
            context->Fuel = value ?? throw new ArgumentNullException(nameof(value));
        }
    }

    public override IReadOnlyList<Value> ExtraResults
    {
        get
        {
            ThrowIfDisposed();
            if (lastCalled is null || lastCalled.Type.Results.Length < 2) return [];
            var results = new Value[lastCalled.Type.Results.Length - 1];
            for (int i = 0; i < results.Length; i++) results[i] = ReadResult(i + 1, lastCalled.Type.Results[i + 1]);
            return results;
        }
    }

    /// <summary>Makes room for functions with that many results.</summary>
    public void ReserveResults(int count)
    {
        ThrowIfDisposed();
        if (count <= resultCapacity) return;
        resultCapacity = Math.Min(MaxResults, count);
        context->Results = (byte*)NativeMemory.Realloc(context->Results, (nuint)resultCapacity * 16);
        ReferenceResults = new object?[resultCapacity];
    }

    public Value ReadResult(int place, Binary.ValueType type)
    {
        byte* at = context->Results + (place * 16);
        return type.Kind switch
        {
            ValueKind.I32 => Value.FromI32(*(int*)at),
            ValueKind.I64 => Value.FromI64(*(long*)at),
            ValueKind.F32 => Value.FromF32(*(float*)at),
            ValueKind.F64 => Value.FromF64(*(double*)at),
            ValueKind.V128 => Value.FromV128(*(System.Runtime.Intrinsics.Vector128<byte>*)at),
            _ => Value.FromReference(ReferenceResults[place]),
        };
    }

    public void WriteResult(int place, Value value)
    {
        byte* at = context->Results + (place * 16);
        if (value.Kind == ValueKind.Ref) ReferenceResults[place] = value.Reference;
        else if (value.Kind == ValueKind.V128) *(System.Runtime.Intrinsics.Vector128<byte>*)at = value.V128;
        else *(ulong*)at = value.Bits;
    }

    /// <summary>Begins a call from the host. Answers what <see cref="Leave"/> wants back.</summary>
    /// <exception cref="WasmTrapException">The deadline has passed, or the thread has next to no stack left.</exception>
    /// <exception cref="InvalidOperationException">Another thread is in the store. Not every such case is found out.</exception>
    public nuint Enter(ManagedFunction function)
    {
        ThrowIfDisposed();
        lastCalled = function;
        nuint outer = context->RunningLimit;
        nuint thread = ThreadStack.Low;
        if (outer == 0)
        {
            byte here;
            nuint now = (nuint)(&here);
            nuint own = now > (nuint)Limits.StackBytes ? now - (nuint)Limits.StackBytes : 0;
            // Never zero, which means that nothing runs.
            nuint limit = Math.Max(Math.Max(own, thread + StackReserve), 1);
            if (now <= limit) throw new WasmTrapException(TrapKind.StackOverflow, "the thread has too little stack to run a guest");
            runningOn = thread;
            context->RunningLimit = limit;
            Volatile.Write(ref context->StackLimit, limit);
        }
        else if (thread != runningOn)
        {
            throw new InvalidOperationException("another thread is in a call of the same store; a store is for one thread at a time");
        }

        // After the limit was set: who raises the flag does it the other way about.
        TrapKind? refusal = deadline.HasPassed ? TrapKind.Deadline : turns >= MostTurns ? TrapKind.StackOverflow : null;
        turns++;
        if (refusal is null) return outer;
        Leave(outer);
        throw new WasmTrapException(refusal.Value);
    }

    /// <summary>Ends a call from the host.</summary>
    public void Leave(nuint outer)
    {
        turns--;
        if (outer != 0) return;
        context->RunningLimit = 0;
        context->StackLimit = NativeContext.NoStack;
    }

    /// <summary>The last exception that left a function of the host into a guest.</summary>
    public Exception? HostException { get; set; }

    public override bool IsRunning => context is not null && context->RunningLimit != 0;

    /// <summary>Whether running code was told to end.</summary>
    public bool IsInterrupted => deadline.HasPassed;

    public override void SetDeadline(TimeSpan timeout, CancellationToken cancellation = default)
    {
        ThrowIfDisposed();
        deadline.Set(timeout, cancellation);
    }

    public override Function CreateFunction(FunctionType type, Delegate callback) =>
        engine.HostFunctions.Create(this, type, callback);

    public override Function CreateFunction(FunctionType type, Func<Value[], Value[]> callback) =>
        engine.HostFunctions.CreateDynamic(this, type, callback);

    public override LinearMemory CreateMemory(MemoryType type) => new ManagedMemory(this, type, null);

    public override ReferenceTable CreateTable(TableType type, object? initial = null) => new ManagedTable(this, type, initial);

    public override GlobalVariable CreateGlobal(GlobalType type, Value initial)
    {
        var global = new ManagedGlobal(this, type, null, 0);
        global.Initialize(initial);
        return global;
    }

    public override ExceptionTag CreateTag(FunctionType type) => new ManagedTag(type, engine.Types.InternFunction(type));

    /// <summary>Counts an instance against the limit and tells it of deadlines.</summary>
    public void Own(ManagedInstance instance)
    {
        ThrowIfDisposed();
        if (instances >= Limits.Instances) throw new WasmLimitException($"the store's limit of {Limits.Instances} instances is reached");
        instances++;
        deadline.Add(instance);
    }

    /// <summary>Counts bytes of memory against the limit.</summary>
    public bool TryTakeMemory(long bytes)
    {
        ThrowIfDisposed();
        if (bytes > Limits.MemoryBytes - memoryBytes) return false;
        memoryBytes += bytes;
        return true;
    }

    public void TakeMemory(long bytes)
    {
        if (!TryTakeMemory(bytes))
            throw new WasmLimitException($"{bytes} bytes of memory on top of {memoryBytes} are over the store's limit of {Limits.MemoryBytes}");
    }

    public void ReturnMemory(long bytes) => memoryBytes -= bytes;

    /// <summary>Counts table elements against the limit.</summary>
    public bool TryTakeElements(long elements)
    {
        if (elements > Limits.TableElements - tableElements) return false;
        tableElements += elements;
        return true;
    }

    public void ReturnElements(long elements) => tableElements -= elements;

    /// <summary>Notes a memory, to be released with the store.</summary>
    public void Own(ManagedMemory memory) => memories.Add(memory);

    public override void Dispose()
    {
        if (context is null) return;
        if (IsRunning) throw new InvalidOperationException("the store is in use by a call");
        foreach (ManagedMemory memory in memories) memory.Release();
        memories.Clear();
        ReleaseContext();
        GC.SuppressFinalize(this);
    }

    private void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(context is null, typeof(Store));

    private void ReleaseContext()
    {
        deadline.Dispose();
        Heap.Dispose();
        NativeMemory.Free(context->Results);
        NativeMemory.Free(context);
        context = null;
    }

    ~ManagedStore()
    {
        if (context is not null) ReleaseContext();
    }
}
