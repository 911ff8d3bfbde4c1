using Chain.PolicyEngine.Expressions.Types;
using Chain.PolicyEngine.Expressions.Values;

namespace Chain.PolicyEngine.Expressions.Functions;

/// <summary>The encoders extension: base64, padding optional when decoding.</summary>
internal static class EncoderFunctions
{
    public static void AddTo(FunctionTable table)
    {
        table.Add("base64.encode", Overload.Of("base64_encode_bytes", false, CelType.String, CelType.Bytes, static (v, frame) =>
            frame.Spend(v.AsBytes.Length / 10) ? Value.String(Convert.ToBase64String(v.AsBytes)) : frame.Exhausted()));
        table.Add("base64.decode", Overload.Of("base64_decode_string", false, CelType.Bytes, CelType.String, static (v, frame) =>
        {
            string text = v.AsString;
            if (!frame.Spend(text.Length / 10)) return frame.Exhausted();
            if (text.Length % 4 is 2 or 3) text = text.PadRight(text.Length + 4 - (text.Length % 4), '=');
            var bytes = new byte[text.Length];
            return Convert.TryFromBase64String(text, bytes, out int length) ? Value.Bytes(bytes[..length]) : Value.Error("the text is not base64");
        }));
    }
}
