using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace Chain.Silo.Hosting;

/// <summary>
/// Sees to it that whoever has connected to a server that stops is answered: a connection that is ended while a request is on its way tells the client
/// nothing of whether it was carried out. Safe for any thread.
/// </summary>
/// <remarks>
/// Clients are told with each answer that the connection ends (RFC 9112 §9.6), so that they take none up again that is about to go. Once those that have
/// connections know it, nobody new is let in (on Linux; elsewhere, who connects in these last moments may be broken off), connections that the system has
/// accepted are taken over, and those that are new are answered, before the server stops. A connection that its client did not use all that time is ended.
/// </remarks>
internal sealed class LastArrivals : IStartupFilter
{
    private const int SolSocket = 1;
    private const int AttachFilter = 26;

    // One struct sock_filter: code 6 (BPF_RET | BPF_K) with K 0 keeps no byte of a packet.
    private const ulong KeepNothing = 6;

    // For what is answered within milliseconds, unless the machine is very busy.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(2);

    // A connection is in nobody's hands while it goes through the queue of the thread pool, twice; so does what comes after a pause.
    private const int Looks = 5;

    private readonly ConcurrentBag<Socket> sockets = [];
    private readonly ConcurrentDictionary<Arrival, bool> open = new();

    /// <summary>Whether answers say that the connection ends.</summary>
    public bool IsLeaving { get; set; }

    /// <summary>Makes the sockets that a server listens on.</summary>
    public void Keep(SocketTransportOptions options) => options.CreateBoundListenSocket = endpoint =>
    {
        Socket socket = SocketTransportOptions.CreateDefaultBoundListenSocket(endpoint);
        if (endpoint is IPEndPoint) sockets.Add(socket);
        return socket;
    };

    /// <summary>Counts an endpoint's connections.</summary>
    public void Watch(ListenOptions endpoint) => endpoint.Use(next => async connection =>
    {
        var arrival = new Arrival();
        open[arrival] = true;
        connection.Features.Set(arrival);
        try
        {
            await next(connection).ConfigureAwait(false);
        }
        finally
        {
            open.TryRemove(arrival, out _);
        }
    });

    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => builder =>
    {
        builder.Use((context, rest) =>
        {
            if (context.Features.Get<Arrival>() is { } arrival) arrival.HasRequest = true;
            if (HttpProtocol.IsHttp11(context.Request.Protocol)) context.Response.OnStarting(SayCloseAsync, context.Response);
            return rest(context);
        });
        next(builder);
    };

    /// <summary>Waits until the server can stop.</summary>
    /// <param name="linger">How long clients that keep connections get to make a request and be told to go elsewhere; none where there is nowhere to go.</param>
    public async Task SettleAsync(TimeSpan linger)
    {
        IsLeaving = true;
        HashSet<Arrival> old = [.. open.Keys];
        await WaitAsync(() => !old.Any(open.ContainsKey), linger).ConfigureAwait(false);
        foreach (Socket socket in sockets) LetNobodyIn(socket);
        Func<Arrival, bool> isWaitedFor = linger > TimeSpan.Zero ? one => !old.Contains(one) : static one => !one.HasRequest;
        await WaitAsync(() => !sockets.Any(static socket => HasWaiting(socket)) && !open.Keys.Any(isWaitedFor), linger + Patience, Looks).ConfigureAwait(false);
    }

    /// <summary>Waits until something is so, and stays so for as many looks.</summary>
    private static async Task WaitAsync(Func<bool> isSo, TimeSpan time, int looks = 1)
    {
        var clock = Stopwatch.StartNew();
        int seen = 0;
        while (clock.Elapsed < time)
        {
            seen = isSo() ? seen + 1 : 0;
            if (seen == looks) return;
            await Task.Delay(Pause).ConfigureAwait(false);
        }
    }

    private static bool HasWaiting(Socket socket)
    {
        try
        {
            return socket.Poll(TimeSpan.Zero, SelectMode.SelectRead);
        }
        catch (Exception gone) when (gone is ObjectDisposedException or SocketException)
        {
            return false;
        }
    }

    /// <summary>A filter that drops every packet to the listening socket itself: clients try again after a moment, and are then refused.</summary>
    private static void LetNobodyIn(Socket socket)
    {
        if (!OperatingSystem.IsLinux() || nint.Size != 8 || !BitConverter.IsLittleEndian) return;
        GCHandle program = GCHandle.Alloc(new[] { KeepNothing }, GCHandleType.Pinned);
        try
        {
            var filter = new FilterProgram { Length = 1, Instructions = program.AddrOfPinnedObject() };
            socket.SetRawSocketOption(SolSocket, AttachFilter, MemoryMarshal.AsBytes(new ReadOnlySpan<FilterProgram>(in filter)));
        }
        catch (Exception refused) when (refused is SocketException or ObjectDisposedException)
        {
            // A sandbox that has no such filters, or a server that has stopped of its own.
        }
        finally
        {
            program.Free();
        }
    }

    private Task SayCloseAsync(object response)
    {
        if (IsLeaving) ((HttpResponse)response).Headers.Connection = "close";
        return Task.CompletedTask;
    }

    /// <summary><c>struct sock_fprog</c>.</summary>
    private struct FilterProgram
    {
        public ushort Length;
        public nint Instructions;
    }

    /// <summary>A connection.</summary>
    private sealed class Arrival
    {
        /// <summary>Whether its first request was read.</summary>
        public volatile bool HasRequest;
    }
}
