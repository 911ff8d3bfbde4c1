using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Chain.PolicyEngine.Decisions;
using Chain.Silo.Applications;
using Chain.Silo.Calls;
using Chain.Tracer.Calls;
using Chain.Tracer.Storage;
using Chain.Tracer.Tags;
using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Wasi.Keyvalue;

namespace Chain.Silo.Hosting.Local;

/// <summary>
/// The buckets of one component, as calls to sinks: a value is kept with the label of all that its writer knew, and whoever reads it learns that label.
/// Safe for any thread.
/// </summary>
internal sealed class LabelledBuckets(ComponentPlan component, IReadOnlyList<SinkRule> sinks, StateStore state, CallNames names)
{
    private readonly ConcurrentDictionary<(string Bucket, string Function), CallRoute> routes = new();

    public ComponentPlan Component { get; } = component;

    public StateStore State { get; } = state;

    public CallNames Names { get; } = names;

    /// <summary>The buckets as one instance sees them.</summary>
    public IKeyValueStore For(Guest guest) => new View(this, guest);

    private CallRoute RouteOf(string bucket, string function) => routes.GetOrAdd((bucket, function), key =>
    {
        SinkRule? sink = sinks.FirstOrDefault(rule => rule.Kind == SinkKind.KeyValue
            && (rule.Component is null || rule.Component == Component.Name) && new PolicyEngine.Policies.Glob(rule.Pattern).IsMatch(key.Bucket));
        CallParty party = sink?.Party ?? new CallParty(new ComponentRef($"{Component.Party.Application}/keyvalue:{key.Bucket}"), Component.Party.Labels);
        var reference = new FunctionRef($"wasi:keyvalue/store#{key.Function}");
        return new CallRoute(
            new CallLink(Component.Party, party, reference), Names.Intern(new CallSite(Component.Party.Component, party.Component, reference)), null,
            LabelRule.None, LabelRule.None);
    });

    private sealed class View(LabelledBuckets buckets, Guest guest) : IKeyValueStore
    {
        public IKeyValueBucket? Open(string identifier, CancellationToken cancellation) =>
            buckets.Component.Grants.KeyValue?.Contains(identifier) == true ? new Bucket(buckets, guest, identifier) : null;
    }

    private sealed class Bucket(LabelledBuckets buckets, Guest guest, string name) : IKeyValueBucket
    {
        public VersionedValue? Get(string key, CancellationToken cancellation) => Call("get", frame =>
        {
            StateValue? found = Read(frame, key, cancellation);
            if (found is not null) frame.SizeOut = found.Value.Length;
            return found is null ? null : new VersionedValue(found.Value.ToArray(), VersionOf(found));
        });

        public void Set(string key, ReadOnlySpan<byte> value, CancellationToken cancellation)
        {
            byte[] copy = value.ToArray();
            Call("set", frame =>
            {
                frame.SizeIn = copy.Length;
                return Wait(buckets.State.SetAsync(KeyOf(key), copy, Written(frame), frame.Call.Id, cancellation));
            });
        }

        public void Delete(string key, CancellationToken cancellation) =>
            Call("delete", _ => Wait(buckets.State.DeleteAsync(KeyOf(key), cancellation)));

        public bool Exists(string key, CancellationToken cancellation) => Call("exists", frame => Read(frame, key, cancellation) is not null);

        public IReadOnlyList<string> ListKeys(string? after, int limit, CancellationToken cancellation) => Call("list-keys", frame =>
        {
            IReadOnlyList<(string Key, Label Label)> found =
                Wait(buckets.State.ListAsync(buckets.Component.Party.Name, name, after, limit, cancellation));
            foreach ((_, Label label) in found) Learn(frame, label);
            return (IReadOnlyList<string>)[.. found.Select(static one => one.Key)];
        });

        public Int128 Increment(string key, Int128 delta, Int128 smallest, Int128 largest, CancellationToken cancellation) => Call("increment", frame =>
        {
            while (true)
            {
                StateValue? found = Read(frame, key, cancellation);
                Int128 number = 0;
                if (found is not null && !Int128.TryParse(Encoding.UTF8.GetString(found.Value.Span), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number))
                    throw new KeyValueException(KeyValueError.Other("the value is no number"));
                Int128 sum = number + delta;
                if (sum < smallest || sum > largest) throw new KeyValueException(KeyValueError.Other("the sum does not fit"));
                byte[] text = Encoding.UTF8.GetBytes(sum.ToString(CultureInfo.InvariantCulture));
                if (Wait(buckets.State.TrySetAsync(KeyOf(key), found, text, Written(frame), frame.Call.Id, cancellation))) return sum;
                cancellation.ThrowIfCancellationRequested();
            }
        });

        public bool TrySwap(string key, long? version, ReadOnlySpan<byte> value, CancellationToken cancellation)
        {
            byte[] copy = value.ToArray();
            return Call("swap", frame =>
            {
                StateValue? found = Read(frame, key, cancellation);
                if ((found is null ? null : (long?)VersionOf(found)) != version) return false;
                return Wait(buckets.State.TrySetAsync(KeyOf(key), found, copy, Written(frame), frame.Call.Id, cancellation));
            });
        }

        /// <summary>Takes one operation through the pipeline.</summary>
        private T Call<T>(string function, Func<CallFrame, T> operation)
        {
            CallFrame caller = guest.Frame, frame = new();
            CallPipeline pipeline = guest.Pipeline;
            CallRoute route = buckets.RouteOf(name, function);
            if (pipeline.Begin(frame, route, caller.Call.Context, caller.Chain, caller.Depth + 1, caller.Label, null) is { } denial)
                throw new KeyValueException(KeyValueError.AccessDenied);
            T result;
            try
            {
                result = operation(frame);
            }
            catch (Exception failure)
            {
                pipeline.End(frame, GuestInterceptor.OutcomeOf(caller.Chain, OutcomeOf(failure)), failure.Message);
                if (failure is KeyValueException or OperationCanceledException) throw;
                throw new KeyValueException(KeyValueError.Other("the store of values cannot be reached"), failure);
            }

            string? refused = pipeline.Result(frame, isError: false, null);
            pipeline.End(frame, frame.Outcome, refused);
            if (refused is not null) throw new KeyValueException(KeyValueError.AccessDenied);
            guest.Learn(frame.LabelOut);
            return result;
        }

        private static Wasm.Components.Hosting.CallOutcome OutcomeOf(Exception failure) => failure is OperationCanceledException
            ? Wasm.Components.Hosting.CallOutcome.LimitHit
            : Wasm.Components.Hosting.CallOutcome.Failed;

        private StateValue? Read(CallFrame frame, string key, CancellationToken cancellation)
        {
            StateKey where = KeyOf(key);
            StateValue? found = Wait(buckets.State.GetAsync(where, cancellation));
            if (found is null) return null;
            LabelId label = Learn(frame, found.Label);
            guest.Pipeline.Flow(frame, label, new CallContext(default, found.Writer), buckets.Names.Intern(where));
            return found;
        }

        private LabelId Learn(CallFrame frame, Label label)
        {
            LabelId id = guest.Pipeline.Labels.Intern(label);
            frame.Label = guest.Pipeline.Labels.Union(frame.Label, id);
            frame.LabelRead = guest.Pipeline.Labels.Union(frame.LabelRead, id);
            return id;
        }

        private Label Written(CallFrame frame) => guest.Pipeline.Labels[frame.Label];

        private StateKey KeyOf(string key) => new(buckets.Component.Party.Name, name, key);

        // A key that was removed begins again with version 1, but with another writer.
        private static long VersionOf(StateValue value) => HashCode.Combine(value.Writer.Value, value.Version) ^ (value.Version << 32);

        // Guests have threads of their own to wait on.
        private static T Wait<T>(Task<T> task)
        {
            using (GuestThreads.Waiting()) return task.GetAwaiter().GetResult();
        }
    }
}
