namespace Chain.Wasm.Components.CanonicalAbi;

/// <summary>How a guest has its strings (Canonical ABI, <c>string-encoding</c>).</summary>
internal enum StringEncoding : byte
{
    Utf8,
    Utf16,
    Latin1Utf16,
}
