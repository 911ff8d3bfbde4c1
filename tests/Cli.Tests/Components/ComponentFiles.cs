namespace Chain.Cli.Tests.Components;

/// <summary>A folder of small components, that is deleted at the end.</summary>
public sealed class ComponentFiles : IDisposable
{
    // (component
    //   (core module $M
    //     (memory 1)
    //     (func (export "boom") unreachable)
    //     (func (export "forever") (loop br 0))
    //     (func (export "one") (result i32) i32.const 1)
    //     (func (export "grow") (result i32) i32.const 100 memory.grow)
    //     (func (export "pick") (param i32 i32 i32 i32) (result i32) local.get 1 local.get 3 local.get 0 select))
    //   (core instance $m (instantiate $M))
    //   (func $boom (canon lift (core func $m "boom")))
    //   (func $forever (canon lift (core func $m "forever")))
    //   (func $one (result u32) (canon lift (core func $m "one")))
    //   (func $grow (result s32) (canon lift (core func $m "grow")))
    //   (func $pick (param "first" (option u8)) (param "second" (option u8)) (result u8) (canon lift (core func $m "pick")))
    //   (instance $a (export "one" (func $one)) (export "boom" (func $boom)))
    //   (instance $b (export "one" (func $one)))
    //   (export "test:a/math@1.2.0" (instance $a))
    //   (export "test:b/math@0.3.1" (instance $b))
    //   (export "forever" (func $forever))
    //   (export "grow" (func $grow))
    //   (export "pick" (func $pick)))
    private const string CallsComponent =
        "AGFzbQ0AAQABgAEAYXNtAQAAAAEQA2AAAGAAAX9gBH9/f38BfwMGBQAAAQECBQMBAAEHJgUEYm9vbQAAB2ZvcmV2ZXIAAQNvbmUAAgRncm93AAMEcGljawAE"
        + "CiQFAwAACwcAA0AMAAsLBABBAQsHAEHkAEAACwkAIAEgAyAAGwsACQRuYW1lAAIBTQIEAQAAAAcFAUAAAQAGCgEAAAEABGJvb20IBgEAAAAAAAcFAUAAAQAG"
        + "DQEAAAEAB2ZvcmV2ZXIIBgEAAAEAAQcFAUAAAHkGCQEAAAEAA29uZQgGAQAAAgACBwUBQAAAegYKAQAAAQAEZ3JvdwgGAQAAAwADBxgDa31rfUACBWZpcnN0"
        + "BAZzZWNvbmQFAH0GCgEAAAEABHBpY2sIBgEAAAQABgUbAgECAANvbmUBAgAEYm9vbQEAAQEAA29uZQECC0sFABF0ZXN0OmEvbWF0aEAxLjIuMAUAAAARdGVz"
        + "dDpiL21hdGhAMC4zLjEFAQAAB2ZvcmV2ZXIBAQAABGdyb3cBAwAABHBpY2sBBAAATQ5jb21wb25lbnQtbmFtZQEGABEBAAFNAQYAEgEAAW0BIgEFAARib29t"
        + "AQdmb3JldmVyAgNvbmUDBGdyb3cEBHBpY2sBCAUCAAFhAQFi";

    // (component
    //   (import "test:missing/thing@1.0.0" (instance (export "f" (func))))
    //   (core module $M (func (export "go")))
    //   (core instance $m (instantiate $M))
    //   (func (export "go") (canon lift (core func $m "go"))))
    private const string MissingComponent =
        "AGFzbQ0AAQAHDgFCAgFAAAEABAABZgEACh0BABh0ZXN0Om1pc3NpbmcvdGhpbmdAMS4wLjAFAAErAGFzbQEAAAABBAFgAAADAgEABwYBAmdvAAAKBAECAAsA"
        + "CQRuYW1lAAIBTQIEAQAAAAcFAUAAAQAGCAEAAAEAAmdvCAYBAAAAAAELCAEAAmdvAQAAAB8OY29tcG9uZW50LW5hbWUBBgARAQABTQEGABIBAAFt";

    // (component
    //   (import "wasi:cli/environment@0.4.0" (instance (export "get-arguments" (func (result (list string))))))
    //   (core module $M (func (export "run") (result i32) i32.const 0))
    //   (core instance $m (instantiate $M))
    //   (func $run (result (result)) (canon lift (core func $m "run")))
    //   (instance $i (export "run" (func $run)))
    //   (export "wasi:cli/run@0.4.0" (instance $i))
    //   (export "run" (func $run)))
    private const string NewerComponent =
        "AGFzbQ0AAQAHHQFCAwFwcwFAAAAABAANZ2V0LWFyZ3VtZW50cwEBCh8BABp3YXNpOmNsaS9lbnZpcm9ubWVudEAwLjQuMAUAAS8AYXNtAQAAAAEFAWAAAX8D"
        + "AgEABwcBA3J1bgAACgYBBABBAAsACQRuYW1lAAIBTQIEAQAAAAcIAmoAAEAAAAEGCQEAAAEAA3J1bggGAQAAAAACBQoBAQEAA3J1bgEACyACABJ3YXNpOmNs"
        + "aS9ydW5AMC40LjAFAQAAA3J1bgEAAAAvDmNvbXBvbmVudC1uYW1lAQYAEQEAAU0BBgASAQABbQEHAQEAA3J1bgEFBQEBAWk=";

    // (component
    //   (core module $M (func (export "go") (result i32) i32.const 0) (func (export "cb") (param i32 i32 i32) (result i32) i32.const 0))
    //   (core instance $m (instantiate $M))
    //   (func (export "go") async (canon lift (core func $m "go") async (callback (core func $m "cb")))))
    private const string AsyncComponent =
        "AGFzbQ0AAQABQABhc20BAAAAAQwCYAABf2ADf39/AX8DAwIAAQcLAgJnbwAAAmNiAAEKCwIEAEEACwQAQQALAAkEbmFtZQACAU0CBAEAAAAHBQFDAAEABg8C"
        + "AAABAAJnbwAAAQACY2IICQEAAAACBgcBAAsIAQACZ28BAAAAHw5jb21wb25lbnQtbmFtZQEGABEBAAFNAQYAEgEAAW0=";

    // (component
    //   (core module $M (func (export "run") (result i32) i32.const 1))
    //   (core instance $m (instantiate $M))
    //   (func $run (result (result)) (canon lift (core func $m "run")))
    //   (instance $i (export "run" (func $run)))
    //   (export "wasi:cli/run@0.2.3" (instance $i)))
    private const string FailsComponent =
        "AGFzbQ0AAQABLwBhc20BAAAAAQUBYAABfwMCAQAHBwEDcnVuAAAKBgEEAEEBCwAJBG5hbWUAAgFNAgQBAAAABwgCagAAQAAAAAYJAQAAAQADcnVuCAYBAAAA"
        + "AAEFCgEBAQADcnVuAQALGAEAEndhc2k6Y2xpL3J1bkAwLjIuMwUAAAAvDmNvbXBvbmVudC1uYW1lAQYAEQEAAU0BBgASAQABbQEHAQEAA3J1bgEFBQEAAWk=";

    // (component
    //   (type $R' (resource (rep i32)))
    //   (core func $new (canon resource.new $R'))
    //   (core module $M (import "" "new" (func $new (param i32) (result i32))) (func (export "make") (result i32) i32.const 5 call $new) (func (export "use") (param i32)))
    //   (core instance $m (instantiate $M (with "" (instance (export "new" (func $new))))))
    //   (export $R "r" (type $R'))
    //   (func (export "make") (result (own $R)) (canon lift (core func $m "make")))
    //   (func (export "use") (param "r" (borrow $R)) (canon lift (core func $m "use"))))
    private const string ResourceComponent =
        "AGFzbQ0AAQAHBAE/fwAIAwECAAFXAGFzbQEAAAABDgNgAX8Bf2AAAX9gAX8AAggBAANuZXcAAAMDAgECBw4CBG1ha2UAAQN1c2UAAgoLAgYAQQUQAAsCAAsA"
        + "EQRuYW1lAAIBTQEGAQADbmV3Ag8CAQEDbmV3AAAAAAEAEgALBwEAAXIDAAAHBwJpAUAAAAIGCgEAAAEBBG1ha2UIBgEAAAEAAwcKAmgBQAEBcgQBAAYJAQAA"
        + "AQEDdXNlCAYBAAACAAULEgIABG1ha2UBAAAAA3VzZQEBAAA0DmNvbXBvbmVudC1uYW1lAQgAAAEAA25ldwEGABEBAAFNAQYAEgEBAW0BCQMCAAJSJwEBUg==";

    // (component
    //   (core module $M (func (export "boom") unreachable))
    //   (core instance $m (instantiate $M))
    //   (func (export "boom") (canon lift (core func $m "boom"))))
    private const string BoomComponent =
        "AGFzbQ0AAQABLgBhc20BAAAAAQQBYAAAAwIBAAcIAQRib29tAAAKBQEDAAALAAkEbmFtZQACAU0CBAEAAAAHBQFAAAEABgoBAAABAARib29tCAYBAAAAAAAL"
        + "CgEABGJvb20BAAAAHw5jb21wb25lbnQtbmFtZQEGABEBAAFNAQYAEgEAAW0=";

    public ComponentFiles()
    {
        Write("boom.wasm", BoomComponent);
        Calls = Write("calls.wasm", CallsComponent);
        Missing = Write("missing.wasm", MissingComponent);
        Newer = Write("newer.wasm", NewerComponent);
        Async = Write("async.wasm", AsyncComponent);
        Fails = Write("fails.wasm", FailsComponent);
        Resource = Write("resource.wasm", ResourceComponent);
    }

    public string Folder { get; } = Directory.CreateTempSubdirectory("chain-component-").FullName;

    public string Calls { get; }

    public string Missing { get; }

    public string Newer { get; }

    public string Async { get; }

    public string Fails { get; }

    public string Resource { get; }

    public void Dispose() => Directory.Delete(Folder, true);

    private string Write(string name, string content)
    {
        string path = Path.Combine(Folder, name);
        File.WriteAllBytes(path, Convert.FromBase64String(content));
        return path;
    }
}
