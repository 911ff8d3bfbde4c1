using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Chain.Tracer.Recording.Journals;

/// <summary>How a journal's file lies on the disk, little-endian.</summary>
/// <remarks>
/// First 64 bytes: a magic number (8 bytes), the file's salt (4), the CRC-32C of those (4). Then frames, each at a multiple of eight bytes: a mark (4), the payload's length (4),
/// a check (4: the payload's CRC-32C, exclusive-or the salt), a state (4: 0 waits, 1 kept), the payload. The mark is the salt, which is random, plus one for a frame whose place was taken and plus two for
/// one that is whole: what a guest says in a message cannot look like a frame. Zeros are what was not written yet.
/// </remarks>
internal static class JournalLayout
{
    public const int Head = 64;
    public const int FrameHead = 16;
    public const int StateOffset = 12;
    public const uint Kept = 1;

    private const long Magic = 0x31304E524A4843; // "CHJRN01"

    public static uint Taken(uint salt) => salt + 1;

    public static uint Whole(uint salt) => salt + 2;

    /// <summary>A frame's check. It is not 0 for a frame without a payload, so that zeros behind a mark are no frame.</summary>
    public static uint CheckOf(ReadOnlySpan<byte> payload, uint salt) => Checksum.Of(payload) ^ salt;

    /// <summary>A frame's bytes in the file, header and filling included.</summary>
    public static int SizeOf(int payload) => (FrameHead + payload + 7) & ~7;

    public static void WriteHead(Span<byte> file, uint salt)
    {
        BinaryPrimitives.WriteInt64LittleEndian(file, Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(file[8..], salt);
        BinaryPrimitives.WriteUInt32LittleEndian(file[12..], Checksum.Of(file[..12]));
    }

    /// <summary>The frames that wait in a file; what is damaged is passed over.</summary>
    /// <param name="file">The file.</param>
    /// <param name="damaged">How many places are neither frames nor empty.</param>
    /// <returns>Where each begins, and its payload's length, in bytes.</returns>
    public static List<(int Offset, int Length)> Read(ReadOnlySpan<byte> file, out int damaged)
    {
        var found = new List<(int, int)>();
        damaged = 0;
        // Killed before there was anything.
        if (!file[..Math.Min(Head, file.Length)].ContainsAnyExcept((byte)0)) return found;
        if (file.Length < Head || BinaryPrimitives.ReadInt64LittleEndian(file) != Magic || BinaryPrimitives.ReadUInt32LittleEndian(file[12..]) != Checksum.Of(file[..12]))
        {
            damaged = 1;
            return found;
        }

        uint salt = BinaryPrimitives.ReadUInt32LittleEndian(file[8..]);
        bool sound = true;
        for (int at = Head; at + FrameHead <= file.Length;)
        {
            (uint mark, int length) = (BinaryPrimitives.ReadUInt32LittleEndian(file[at..]), BinaryPrimitives.ReadInt32LittleEndian(file[(at + 4)..]));
            bool fits = length >= 0 && length <= file.Length - at - FrameHead;
            // Its process was killed while it wrote, before anybody was told.
            bool isTorn = fits && mark == Taken(salt);
            bool isWhole = fits && mark == Whole(salt) && BinaryPrimitives.ReadUInt32LittleEndian(file[(at + 8)..]) == CheckOf(file.Slice(at + FrameHead, length), salt);
            if (isWhole && BinaryPrimitives.ReadUInt32LittleEndian(file[(at + StateOffset)..]) != Kept) found.Add((at, length));
            if (isTorn || isWhole)
            {
                at += SizeOf(length);
                sound = true;
                continue;
            }

            if (sound && MemoryMarshal.Read<long>(file[at..]) != 0)
            {
                damaged++;
                sound = false;
            }

            at += 8;
        }

        return found;
    }
}
