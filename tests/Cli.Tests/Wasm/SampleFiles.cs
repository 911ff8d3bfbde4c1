using System.IO.Compression;

namespace Chain.Cli.Tests.Wasm;

/// <summary>A folder of WebAssembly files, right ones and wrong ones, that is deleted at the end.</summary>
public sealed class SampleFiles : IDisposable
{
    // (module $sample
    //   (import "spectest" "print_i32" (func $log (param i32)))       ;; Importing only
    //   (memory (export "memory") 1)
    //   (global $hits (mut i64) (i64.const 7))
    //   (func (export "add") (param $left i32) (param $right i32) (result i32) local.get $left local.get $right i32.add)
    //   (func (export "swap") (param i64 f32 f64) (result f64 f32 i64) local.get 2 local.get 1 local.get 0)
    //   (func (export "twice") (param v128) (result v128) local.get 0 local.get 0 i64x2.add)
    //   (func (export "null") (param externref) (result externref funcref) local.get 0 ref.null func)
    //   (func (export "boom") unreachable)
    //   (func (export "forever") (loop br 0))
    //   (func $deep (export "deep") call $deep)
    //   (func (export "grow") (param i32) (result i32) local.get 0 memory.grow)
    //   (func (export "table") (param $x i32) (result i32) (local $y i64)
    //     block $outer block $inner local.get $x br_table $inner $outer 0 end i32.const 1 return end
    //     local.get $x i32.load offset=8 align=1)
    //   (data (i32.const 8) "hello\00\ff"))
    private const string ImportingModule =
        "AGFzbQEAAAABJwdgAX8AYAJ/fwF/YAN+fXwDfH1+YAF7AXtgAW8Cb3BgAABgAX8BfwIWAQhzcGVjdGVzdAlwcmludF9pMzIAAAMKCQECAwQFBQUGBgUDAQAB"
        + "BgYBfgFCBwsHTQoGbWVtb3J5AgADYWRkAAEEc3dhcAACBXR3aWNlAAMEbnVsbAAEBGJvb20ABQdmb3JldmVyAAYEZGVlcAAHBGdyb3cACAV0YWJsZQAJClUJ"
        + "BwAgACABagsIACACIAEgAAsJACAAIAD9zgELBgAgANBwCwMAAAsHAANADAALCwQAEAcLBgAgAEAACxkBAX4CQAJAIAAOAgABAAtBAQ8LIAAoAAgLCw0BAEEI"
        + "CwdoZWxsbwD/AE8EbmFtZQAHBnNhbXBsZQEMAgADbG9nBwRkZWVwAigKAAABAgAEbGVmdAEFcmlnaHQCAAMABAAFAAYABwAIAAkCAAF4AQF5BwcBAARoaXRz";

    // The same with a function of its own in place of the import.
    private const string PureModule =
        "AGFzbQEAAAABJwdgAX8AYAJ/fwF/YAN+fXwDfH1+YAF7AXtgAW8Cb3BgAABgAX8BfwMLCgABAgMEBQUFBgYFAwEAAQYGAX4BQgcLB00KBm1lbW9yeQIAA2Fk"
        + "ZAABBHN3YXAAAgV0d2ljZQADBG51bGwABARib29tAAUHZm9yZXZlcgAGBGRlZXAABwRncm93AAgFdGFibGUACQpYCgIACwcAIAAgAWoLCAAgAiABIAALCQAg"
        + "ACAA/c4BCwYAIADQcAsDAAALBwADQAwACwsEABAHCwYAIABAAAsZAQF+AkACQCAADgIAAQALQQEPCyAAKAAICwsNAQBBCAsHaGVsbG8A/wBPBG5hbWUABwZz"
        + "YW1wbGUBDAIAA2xvZwcEZGVlcAIoCgAAAQIABGxlZnQBBXJpZ2h0AgADAAQABQAGAAcACAAJAgABeAEBeQcHAQAEaGl0cw==";

    public SampleFiles()
    {
        byte[] pure = Convert.FromBase64String(PureModule);
        Pure = Write("pure.wasm", pure);
        Importing = Write("importing.wasm", Convert.FromBase64String(ImportingModule));
        Component = Write("component.wasm", [0, 0x61, 0x73, 0x6D, 0x0D, 0, 1, 0]);
        Text = Write("text.wat", "(module)"u8);
        Empty = Write("empty.wasm", []);
        Truncated = Write("truncated.wasm", pure.AsSpan(0, pure.Length / 2));
        // In `add`, the last of the operands is gone: i32.add finds one.
        byte[] invalid = [.. pure];
        int add = invalid.AsSpan().IndexOf((ReadOnlySpan<byte>)[0x20, 0x00, 0x20, 0x01, 0x6A]);
        invalid[add + 2] = invalid[add + 3] = 0x01;
        Invalid = Write("invalid.wasm", invalid);
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, true)) gzip.Write(pure);
        Packed = Write("pure.wasm.gz", packed.ToArray());
        PackedTruncated = Write("truncated.wasm.gz", packed.ToArray().AsSpan(0, (int)packed.Length / 2));
    }

    public string Folder { get; } = Directory.CreateTempSubdirectory("chain-cli-").FullName;

    public string Pure { get; }

    public string Importing { get; }

    public string Component { get; }

    public string Text { get; }

    public string Empty { get; }

    public string Truncated { get; }

    public string Invalid { get; }

    public string Packed { get; }

    public string PackedTruncated { get; }

    public string Missing => Path.Combine(Folder, "missing.wasm");

    public string Write(string name, ReadOnlySpan<byte> content)
    {
        string path = Path.Combine(Folder, name);
        File.WriteAllBytes(path, content);
        return path;
    }

    public void Dispose() => Directory.Delete(Folder, true);
}
