using System.Collections.Concurrent;
using Chain.PolicyEngine.Policies;
using Chain.Tracer.Tags;

namespace Chain.PolicyEngine.Decisions;

/// <summary>
/// What a set has to look at for the calls of one link, and for each label that was seen on them. Links for which the
/// same policies remain share one plan.
/// </summary>
/// <remarks>Thread-safe; reading takes no lock.</remarks>
internal sealed class LinkPlan
{
    /// <summary>Labels up to here have a place in an array: the labels of a process are numbered from 0 as they are met.</summary>
    private const int DirectLabels = 256;

    /// <summary>Cells past this many are made anew each time, so that labels without end cannot fill the memory.</summary>
    private const int MaxOtherCells = 4_096;

    private const int EventCount = 4;

    private readonly Candidate[] _candidates;
    private readonly PlanCell?[][] _direct = [[], [], [], []];
    private readonly ConcurrentDictionary<long, PlanCell> _others = new();
    private readonly Lock _growing = new();

    public LinkPlan(PolicySet set, Candidate[] candidates)
    {
        Set = set;
        _candidates = candidates;
    }

    public PolicySet Set { get; }

    /// <summary>How many policies remain for the link.</summary>
    public int Count => _candidates.Length;

    public PlanCell Cell(PolicyEvent on, LabelId label)
    {
        int index = System.Numerics.BitOperations.TrailingZeroCount((uint)on) & (EventCount - 1);
        PlanCell?[] cells = Volatile.Read(ref _direct[index]);
        if ((uint)label.Value < (uint)cells.Length && cells[label.Value] is PlanCell cell) return cell;
        return Slow(on, index, label);
    }

    private PlanCell Slow(PolicyEvent on, int index, LabelId label)
    {
        long key = ((long)index << 32) | (uint)label.Value;
        if (_others.TryGetValue(key, out PlanCell? known)) return known;
        PlanCell made = PlanCell.Build(Set, _candidates, on, label);
        if (label.Value >= DirectLabels)
        {
            if (_others.Count < MaxOtherCells) _others[key] = made;
            return made;
        }

        lock (_growing)
        {
            PlanCell?[] cells = _direct[index];
            if (label.Value >= cells.Length)
            {
                // Room for a few more labels than this one; never more than the direct ones.
                var grown = new PlanCell?[Math.Min(DirectLabels, Math.Max(8, (label.Value + 1) * 2))];
                cells.CopyTo(grown, 0);
                cells = grown;
            }

            Volatile.Write(ref cells[label.Value], made);
            Volatile.Write(ref _direct[index], cells);
        }

        return made;
    }
}

/// <summary>A policy that can match on a link.</summary>
/// <param name="Policy">The policy.</param>
/// <param name="Open">The terms of its condition that the link alone does not settle as true.</param>
internal readonly record struct Candidate(Policy Policy, Conjunct[] Open);
