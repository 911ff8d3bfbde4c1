using System.Globalization;
using Chain.Cli.Components;
using Chain.Cli.Wasm;
using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Components.Runtime;
using Chain.Wasm.Execution;

namespace Chain.Cli.Bench;

/// <summary>Makes instances of the guest of <c>chain bench component</c> and calls them, within this process. For one thread.</summary>
internal sealed class ChainBoundary : IDisposable
{
    private const string Interface = "chain:bench/calls";

    private readonly Engine engine = Engines.Create();
    private readonly PreparedComponent prepared;
    private readonly ComponentStore store;
    private readonly ComponentInstance instance;
    private readonly Dictionary<string, Func<int, string>> batches;

    public ChainBoundary(string path)
    {
        prepared = new ComponentLinker(engine).Prepare(ComponentFile.Compile(path, engine));
        store = new ComponentStore(engine);
        instance = prepared.Instantiate(store);
        var empty = Function<Action>("empty");
        var add = Function<Func<int, int, int, int>>("add");
        var measure = Function<Func<string, uint>>("measure");
        var echo = Function<Func<string, string>>("echo");
        var total = Function<Func<Order, double>>("total");
        var discount = Function<Func<Order, double, Order>>("discount");
        // One loop a case, as in peer.mjs.
        batches = new Dictionary<string, Func<int, string>>
        {
            ["instantiate"] = Instantiate,
            ["reset"] = count =>
            {
                for (int i = 0; i < count; i++)
                {
                    measure(ComponentWorkload.Text);
                    instance.Reset();
                }

                return "";
            },
            ["empty"] = count =>
            {
                for (int i = 0; i < count; i++) empty();
                return "0";
            },
            ["add"] = count =>
            {
                int sum = 0;
                for (int i = 0; i < count; i++) sum = add(sum, i, 1);
                return sum.ToString(CultureInfo.InvariantCulture);
            },
            ["measure"] = count =>
            {
                uint length = 0;
                for (int i = 0; i < count; i++) length = measure(ComponentWorkload.Text);
                return length.ToString(CultureInfo.InvariantCulture);
            },
            ["echo"] = count =>
            {
                string echoed = "";
                for (int i = 0; i < count; i++) echoed = echo(ComponentWorkload.Text);
                return echoed;
            },
            ["total"] = count =>
            {
                double sum = 0;
                for (int i = 0; i < count; i++) sum = total(ComponentWorkload.Order);
                return sum.ToString(CultureInfo.InvariantCulture);
            },
            ["discount"] = count =>
            {
                Order order = ComponentWorkload.Order;
                for (int i = 0; i < count; i++) order = discount(ComponentWorkload.Order, ComponentWorkload.Percent);
                return Show(order);
            },
        };
    }

    /// <summary>Carries out a case so many times, and says what this process used of its processors: what others use does not count.</summary>
    public Batch Time(string name, int count)
    {
        Func<int, string> batch = batches[name];
        TimeSpan since = Environment.CpuUsage.TotalTime;
        string value = batch(count);
        return new Batch((Environment.CpuUsage.TotalTime - since).TotalNanoseconds, value);
    }

    public void Dispose() => store.Dispose();

    private string Instantiate(int count)
    {
        for (int i = 0; i < count - 1; i++)
        {
            using var passing = new ComponentStore(engine);
            prepared.Instantiate(passing);
        }

        using var last = new ComponentStore(engine);
        int sum = prepared.Instantiate(last).GetFunction(Interface, "add").CreateDelegate<Func<int, int, int, int>>()(1, 2, 3);
        return sum.ToString(CultureInfo.InvariantCulture);
    }

    private TDelegate Function<TDelegate>(string name)
        where TDelegate : Delegate =>
        instance.GetFunction(Interface, name).CreateDelegate<TDelegate>();

    private static string Show(Order order) => string.Create(
        CultureInfo.InvariantCulture,
        $"{order.Id} {string.Join(' ', order.Items.Select(item => string.Create(CultureInfo.InvariantCulture, $"{item.Name} {item.Quantity} {item.Price}")))}");
}
