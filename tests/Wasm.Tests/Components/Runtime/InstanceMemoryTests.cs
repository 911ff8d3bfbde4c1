using System.Diagnostics;
using System.Globalization;
using Chain.Wasm.Components.Binary;
using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Components.Runtime;
using Chain.Wasm.Components.Types;

namespace Chain.Wasm.Tests.Components.Runtime;

/// <summary>Tests that look at the memory of the whole process: nothing else may run beside them.</summary>
[CollectionDefinition(nameof(AloneInProcess), DisableParallelization = true)]
public sealed class AloneInProcess;

/// <summary>What instances leave behind.</summary>
[Collection(nameof(AloneInProcess))]
public sealed class InstanceMemoryTests
{
    private static readonly PrimitiveType U32 = PrimitiveType.Of(PrimitiveKind.U32);

    [Fact]
    public void InstancesThatAreDroppedLeaveNothingBehind()
    {
        // The whole hundred thousand: CHAIN_TEST_INSTANCES=100000.
        int instances = int.Parse(Environment.GetEnvironmentVariable("CHAIN_TEST_INSTANCES") ?? "2000", CultureInfo.InvariantCulture);
        HostInterface host = new HostInterface("").Function("h", (uint x) => x);
        PreparedComponent prepared = new ComponentLinker(Guest.Managed).Add(host).Prepare(EchoComponents.ForwardFlat(U32, CanonOptionKind.Utf8, "h", "g"));
        void Make(int count, bool disposes)
        {
            for (int i = 0; i < count; i++)
            {
                var store = new ComponentStore(Guest.Managed);
                // A deadline that has not come yet keeps a store that nobody disposes of.
                if (disposes) store.SetDeadline(TimeSpan.FromMinutes(1));
                Assert.Equal(5u, prepared.Instantiate(store).GetFunction(null, "g").CreateDelegate<Func<uint, uint>>()(5));
                if (disposes) store.Dispose();
            }
        }

        void MakeAll(int count)
        {
            Make(count, disposes: true);
            Make(count / 10, disposes: false);
        }

        MakeAll(instances / 10);
        (long heap, long set) = Memory();
        MakeAll(instances);
        (long heapAfter, long setAfter) = Memory();

        // An instance that stayed would keep a page of 64 KiB at least, outside the heap, and some KiB on it.
        Assert.InRange(heapAfter - heap, long.MinValue, instances * 1024L);
        Assert.InRange(setAfter - set, long.MinValue, instances * 32L * 1024);
    }

    private static (long Heap, long WorkingSet) Memory()
    {
        for (int i = 0; i < 3; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        using var process = Process.GetCurrentProcess();
        return (GC.GetTotalMemory(forceFullCollection: true), process.WorkingSet64);
    }
}
