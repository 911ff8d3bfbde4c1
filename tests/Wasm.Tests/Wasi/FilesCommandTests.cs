using System.IO.Compression;
using System.Text;
using Chain.Tests;
using Chain.Wasm.Components.Binary;
using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Components.Runtime;
using Chain.Wasm.Execution.Managed;
using Chain.Wasm.Wasi;
using Chain.Wasm.Wasi.Filesystem;

namespace Chain.Wasm.Tests.Wasi;

/// <summary>A C program at work in preopened directories (<c>files.c</c>), from its system calls down to the host's.</summary>
public sealed class FilesCommandTests
{
    private const string Expected = """
        mkdir ok
        mkdir again File exists
        8 oNE
        two
        stat ok
        size 8
        truncate ok
        size 3
        symlink ok
        readlink ok
        a.txt
        link ok
        rename ok
        utimensat ok
        mtime 1100000000
        /box: d/ h
        /box/d: a.txt l@
        unlink directory Is a directory
        rmdir full Directory not empty
        unlink ok
        unlink ok
        rmdir ok
        /box: h
        open .. Operation not permitted
        open outside Capabilities insufficient
        write to what is only read Read-only file system
        create in what is only read Read-only file system
        link into what is only read Read-only file system
        pread ok
        2345
        nanosleep ok
        slept enough
        getentropy ok
        random yes

        """;

    [LinuxFact]
    public void ACProgramWorksInItsDirectories()
    {
        using var directory = new TemporaryDirectory();
        string box = directory.Create("box"), readOnly = directory.Create("ro");
        File.WriteAllText(Path.Combine(readOnly, "r.txt"), "0123456789");
        using MemoryStream output = new(), error = new();
        var options = new WasiOptions
        {
            Arguments = ["files"],
            Input = new MemoryStream("a line\nanother\n"u8.ToArray()),
            Output = output,
            Error = error,
            Preopens = [Preopen.Writable(box, "/box"), new Preopen(readOnly, "/ro")],
        };
        var engine = new ManagedEngine();
        PreparedComponent prepared = new ComponentLinker(engine).Add(WasiInterfaces.Command)
            .Prepare(CompiledComponent.Compile(engine, ComponentReader.Read(Program(), "files.wasm")));
        using var store = new ComponentStore(engine);
        store.SetDeadline(TimeSpan.FromSeconds(60));
        var state = new WasiState(options);
        store.Add(state);
        ComponentInstance instance = prepared.Instantiate(store);

        // A reset instance works as a new one does.
        for (int i = 0; i < 2; i++)
        {
            var run = instance.GetFunction("wasi:cli/run@0.2.0", "run").CreateDelegate<Func<Result<Unit, Unit>>>();
            int exit = 0;
            try
            {
                Assert.True(run().IsError);
                exit = 1;
            }
            catch (GuestExitException ended)
            {
                exit = ended.ExitCode;
            }

            Assert.Equal(Expected, Encoding.UTF8.GetString(output.ToArray()));
            Assert.Equal("in: a line\nin: another\n", Encoding.UTF8.GetString(error.ToArray()));
            // The adapter tells only success from failure.
            Assert.Equal(1, exit);
            Assert.Equal(["h"], Directory.EnumerateFileSystemEntries(box).Select(Path.GetFileName));
            File.Delete(Path.Combine(box, "h"));
            output.SetLength(0);
            error.SetLength(0);
            options.Input.Position = 0;
            instance.Reset();
            state.Reset();
        }
    }

    private static byte[] Program()
    {
        using FileStream file = File.OpenRead(Path.Combine(Places.Repository, "tests", "Wasm.Tests", "Wasi", "files.wasm.gz"));
        using var unpacked = new GZipStream(file, CompressionMode.Decompress);
        var bytes = new MemoryStream();
        unpacked.CopyTo(bytes);
        return bytes.ToArray();
    }
}
