using System.Globalization;

namespace Chain.Cli.Bench;

/// <summary>The arguments of the calls that <c>chain bench component</c> makes; the same on both sides.</summary>
internal static class ComponentWorkload
{
    public const int Items = 100;
    public const ulong OrderId = 7;
    public const double Percent = 50;

    /// <summary>1,024 characters of ASCII.</summary>
    public static string Text { get; } = string.Concat(Enumerable.Repeat("The quick brown fox, 0123456789. ", 32))[..1024];

    public static Order Order { get; } = new(
        OrderId, [.. Enumerable.Range(0, Items).Select(i => new Item($"item-{i.ToString(CultureInfo.InvariantCulture)}", (uint)i, i * 0.5))]);

    /// <summary>The record <c>item</c> of the guest.</summary>
    public readonly record struct Item(string Name, uint Quantity, double Price);
}

/// <summary>The record <c>order</c> of the guest.</summary>
internal sealed record Order(ulong Id, ComponentWorkload.Item[] Items);
