using System.CommandLine;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Chain.Silo.Hosting.Http;
using Chain.Wasm.Execution;

namespace Chain.Cli.Components;

/// <summary><c>chain component serve</c>: has a component of <c>wasi:http</c> answer HTTP requests, until stopped.</summary>
internal static class ServeCommand
{
    public static Command Create()
    {
        var defaults = new HttpHostOptions();
        var limits = new StoreLimits();
        var file = new Argument<string>("FILE") { Description = "A component that exports wasi:http/incoming-handler, .wasm or .wasm.gz." };
        Option<int> port = Number("--port", "N", "Where to listen; 0 for a port that is free.", 8080);
        var host = new Option<string>("--host")
        {
            Description = "The address to listen on; other machines reach 0.0.0.0 and [::] too.", HelpName = "ADDRESS", DefaultValueFactory = _ => "127.0.0.1",
        };
        Option<int> concurrency = Number("--concurrency", "N", "The requests that are answered at a time, each by an instance of its own.", defaults.Concurrency);
        Option<int> queue = Number("--queue", "N", "The requests that wait beyond those; more get 503.", defaults.Queue);
        Option<int> deadline = Number("--deadline", "MS", "How long a request may take, from its arrival to the end of the response.", (int)defaults.Deadline.TotalMilliseconds);
        Option<long> memory = Number("--memory", "BYTES", "What the memories of one instance may take together.", limits.MemoryBytes);
        var fresh = new Option<bool>("--fresh") { Description = "Make an instance for each request, in place of resetting one that is kept." };
        var grants = new GrantOptions();
        var command = new Command("serve", "Answer HTTP requests with a component, a fresh or reset instance each.")
        {
            file, port, host, concurrency, queue, deadline, memory, fresh,
        };
        grants.AddTo(command);
        command.SetAction(parsed =>
        {
            Within("--port", parsed.GetValue(port), 0, 65535);
            Within("--concurrency", parsed.GetValue(concurrency), 1, 10_000);
            Within("--queue", parsed.GetValue(queue), 0, int.MaxValue);
            Within("--deadline", parsed.GetValue(deadline), 1, int.MaxValue);
            Within("--memory", parsed.GetValue(memory), 0, long.MaxValue);
            var options = new HttpHostOptions
            {
                Address = Address(parsed.GetValue(host)!),
                Port = parsed.GetValue(port),
                Concurrency = parsed.GetValue(concurrency),
                Queue = parsed.GetValue(queue),
                Deadline = TimeSpan.FromMilliseconds(parsed.GetValue(deadline)),
                IsPooled = !parsed.GetValue(fresh),
            };
            return RunAsync(parsed.GetValue(file)!, grants.Read(parsed), limits with { MemoryBytes = parsed.GetValue(memory) }, options).GetAwaiter().GetResult();
        });
        return command;
    }

    private static async Task<int> RunAsync(string file, Grants grants, StoreLimits limits, HttpHostOptions options)
    {
        using var stop = new CancellationTokenSource();
        void Stop(PosixSignalContext signal)
        {
            signal.Cancel = true;
            stop.Cancel();
        }

        // From the first moment on: what is asked to stop while it still compiles stops too.
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        await using ServedComponent served = await ServedComponent.StartAsync(file, grants, limits, options);
        Console.Out.WriteLine($"serving {file} on {served.Url}");
        try
        {
            await Task.Delay(Timeout.Infinite, stop.Token);
        }
        catch (OperationCanceledException)
        {
            await served.StopAsync();
        }

        return ExitCode.Ok;
    }

    private static IPAddress Address(string text)
    {
        if (text.Equals("localhost", StringComparison.OrdinalIgnoreCase)) return IPAddress.Loopback;
        return IPAddress.TryParse(text, out IPAddress? address) && address.AddressFamily is AddressFamily.InterNetwork or AddressFamily.InterNetworkV6
            ? address!
            : throw new CommandException($"--host {text}: expected an IP address of this machine, such as 127.0.0.1, 0.0.0.0 or [::]");
    }

    private static Option<T> Number<T>(string name, string unit, string description, T otherwise) =>
        new(name) { Description = description, HelpName = unit, DefaultValueFactory = _ => otherwise };

    private static void Within(string option, long value, long least, long most)
    {
        if (value < least || value > most) throw new CommandException($"{option} {value}: expected {least} {(most is int.MaxValue or long.MaxValue ? "or more" : $"to {most}")}");
    }
}
