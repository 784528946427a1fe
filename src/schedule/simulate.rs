//! Monte Carlo simulation: many forward passes through the network with random durations.
//!
//! A random number depends only on the key of its duration and on the number of the run. A change to
//! one item doesn't change the numbers of other items, and neither does the order of the file or the
//! number of threads. So a forecast changes only if its input changes. Both models draw the same
//! durations.

use std::num::NonZero;
use std::ops::Range;
use std::panic;
use std::thread;

use rand_xoshiro::SplitMix64;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

use crate::hash::fnv1a;
use crate::schedule::ROUNDING;
use crate::schedule::finish::{ByModel, FinishPercentiles, ForecastModel, PROBABILITIES, Percentiles};
use crate::schedule::network::duration::{SharedDistributions, SharedFactors};
use crate::schedule::network::{Network, Predecessor};

#[derive(Debug)]
pub(crate) struct SimulationParams<'a> {
    /// The number of runs.
    pub(crate) draws: NonZero<u32>,
    /// The nodes to find percentiles of, each with its due date.
    pub(crate) nodes: &'a [(usize, Option<f64>)],
    /// The node that criticality refers to.
    pub(crate) critical_to: usize,
    /// Groups of nodes of which each makes its item critical.
    pub(crate) groups: &'a [Vec<usize>],
    /// The number of threads, which doesn't change the result. Default: by the size of the network.
    pub(crate) threads: Option<NonZero<usize>>,
}

#[derive(Debug, Clone)]
pub(crate) struct SimulationResult {
    /// For each of [`SimulationParams::nodes`].
    pub(crate) finish: ByModel<Vec<FinishPercentiles>>,
    /// Criticality index of each node of the network, without risks.
    pub(crate) criticality: Vec<f64>,
    /// Criticality index of each of [`SimulationParams::groups`].
    pub(crate) group_criticality: Vec<f64>,
}

/// Runs per block. A block is computed node by node, so that its numbers are adjacent in memory.
const BLOCK: usize = 64;

/// The keys of shared factors: unlike the path of any item.
const ERROR_KEY: &[u8] = b"error of all estimates";
const RATE_KEY: &[u8] = b"days per point";
const PACE_KEY: &[u8] = b"pace of the project";

/// The number of node visits that makes up for starting a thread.
const VISITS_PER_THREAD: usize = 300_000;

pub(crate) fn simulate(network: &Network, params: &SimulationParams<'_>) -> SimulationResult {
    let draws = params.draws.get() as usize;
    let blocks = draws.div_ceil(BLOCK);
    let threads = params.threads.map_or_else(|| default_threads(network.nodes.len() * draws), NonZero::get).min(blocks);
    let ranges = (0..threads).map(|thread| (thread * blocks / threads)..((thread + 1) * blocks / threads));
    let run = |range: Range<usize>| {
        let runs = (range.end * BLOCK).min(draws) - range.start * BLOCK;
        Worker::new(network, params, runs).simulate_blocks(range, draws)
    };
    let parts: Vec<PartialResult> = thread::scope(|scope| {
        let handles: Vec<_> = ranges.clone().skip(1).map(|range| scope.spawn(|| run(range))).collect();
        let mut parts: Vec<PartialResult> = ranges.take(1).map(run).collect();
        let rest = handles.into_iter().map(|it| it.join().unwrap_or_else(|cause| panic::resume_unwind(cause)));
        parts.extend(rest);
        parts
    });
    combine(network, params, parts)
}

fn default_threads(visits: usize) -> usize {
    let useful = visits / VISITS_PER_THREAD;
    // Counting the processors takes longer than simulating a small plan.
    if useful <= 1 { 1 } else { thread::available_parallelism().map_or(1, NonZero::get).min(useful) }
}

/// When nodes finish in some of the runs.
#[derive(Default)]
struct FinishTimes {
    /// In working days, exact to seconds, as the bits of `f32`: those of non-negative numbers have the
    /// same order, and integers compare faster. First all runs of the first node, then of the next, in
    /// one allocation, so that the allocator can reuse it for the next forecast.
    days: Vec<u32>,
    /// For each node, the number of runs in which it is on time.
    on_time: Vec<u32>,
}

impl FinishTimes {
    fn new(nodes: usize, runs: usize) -> Self {
        Self { days: vec![0; nodes * runs], on_time: vec![0; nodes] }
    }

    /// The number of runs of each node.
    fn runs(&self) -> usize {
        self.days.len().checked_div(self.on_time.len()).unwrap_or(0)
    }
}

/// The result of one thread.
struct PartialResult {
    times: ByModel<FinishTimes>,
    /// The number of runs in which each node is critical.
    critical: Vec<u32>,
    /// The same of each group of nodes.
    critical_groups: Vec<u32>,
}

fn combine(network: &Network, params: &SimulationParams<'_>, mut parts: Vec<PartialResult>) -> SimulationResult {
    let draws = f64::from(params.draws.get());
    let share = |count: u32| f64::from(count) / draws;
    let critical = |node: usize| share(parts.iter().map(|part| part.critical[node]).sum());
    let criticality = (0..network.nodes.len()).map(critical).collect();
    let of_group = |group: usize| share(parts.iter().map(|part| part.critical_groups[group]).sum());
    let group_criticality = (0..params.groups.len()).map(of_group).collect();
    let mut finish = |model: ForecastModel| finish_percentiles(gather(&mut parts, model), params);
    let plan = finish(ForecastModel::Plan);
    let risk = if network.risk_events.is_empty() { plan.clone() } else { finish(ForecastModel::Risk) };
    SimulationResult { finish: ByModel { plan, risk }, criticality, group_criticality }
}

/// The times of all threads, and the number of threads.
fn gather(parts: &mut [PartialResult], model: ForecastModel) -> (FinishTimes, usize) {
    let threads = parts.len();
    let mut parts = parts.iter_mut().map(|part| std::mem::take(part.times.get_mut(model)));
    let parts: Vec<FinishTimes> = match (parts.next(), threads) {
        (Some(only), 1) => return (only, 1),
        (first, _) => first.into_iter().chain(parts).collect(),
    };
    let nodes = parts.first().map_or(0, |part| part.on_time.len());
    let mut all = FinishTimes {
        days: Vec::with_capacity(parts.iter().map(|part| part.days.len()).sum()),
        on_time: vec![0; nodes],
    };
    for node in 0..nodes {
        for part in &parts {
            all.days.extend(&part.days[node * part.runs()..(node + 1) * part.runs()]);
            all.on_time[node] += part.on_time[node];
        }
    }
    (all, threads)
}

/// The percentiles of each node, found with the same number of threads.
fn finish_percentiles(
    (mut times, threads): (FinishTimes, usize),
    params: &SimulationParams<'_>,
) -> Vec<FinishPercentiles> {
    let (draws, runs) = (f64::from(params.draws.get()), times.runs().max(1));
    let each = times.on_time.len().div_ceil(threads).max(1);
    let find = |chunk: &mut [u32]| -> Vec<Percentiles> { chunk.chunks_mut(runs).map(percentiles).collect() };
    let percentiles: Vec<Percentiles> = thread::scope(|scope| {
        let mut chunks = times.days.chunks_mut(each * runs);
        let first = chunks.next();
        let handles: Vec<_> = chunks.map(|chunk| scope.spawn(move || find(chunk))).collect();
        let mut all = first.map(find).unwrap_or_default();
        all.extend(handles.into_iter().flat_map(|it| it.join().unwrap_or_else(|cause| panic::resume_unwind(cause))));
        all
    });
    let on_time = |(on_time, (_, due)): (&u32, &(usize, Option<f64>))| due.map(|_| f64::from(*on_time) / draws);
    let on_time = times.on_time.iter().zip(params.nodes).map(on_time);
    percentiles
        .into_iter()
        .zip(on_time)
        .map(|(percentiles, on_time)| FinishPercentiles { percentiles, on_time })
        .collect()
}

/// By linear interpolation between the two nearest values (Hyndman and Fan's type 7).
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "an index")]
fn percentiles(times: &mut [u32]) -> Percentiles {
    let last = times.len().saturating_sub(1);
    let mut from = 0;
    PROBABILITIES.map(|probability| {
        let place = probability * last as f64;
        let below = place as usize;
        // The values before `from` are smaller.
        let days = |bits: u32| f64::from(f32::from_bits(bits));
        let (_, low, above) = times[from..].select_nth_unstable(below - from);
        let low = days(*low);
        let high = above.iter().copied().min().map_or(low, days);
        from = below;
        low + (high - low) * (place - below as f64)
    })
}

/// The state of one thread.
struct Worker<'a> {
    network: &'a Network,
    params: &'a SimulationParams<'a>,
    durations: Vec<[f64; BLOCK]>,
    factors: SharedFactors<BLOCK>,
    /// By risk event.
    delays: Vec<[f64; BLOCK]>,
    starts: Vec<[f64; BLOCK]>,
    finishes: Vec<[f64; BLOCK]>,
    is_critical: Vec<[bool; BLOCK]>,
    keys: Vec<u64>,
    part: PartialResult,
}

impl<'a> Worker<'a> {
    fn new(network: &'a Network, params: &'a SimulationParams<'a>, runs: usize) -> Self {
        let nodes = network.nodes.len();
        let durations = network.durations.iter().map(|duration| duration.key.as_str());
        let keys = durations
            .chain(network.risk_events.iter().map(|risk_event| risk_event.key.as_str()))
            .map(|key| fnv1a(key.as_bytes()))
            .collect();
        let runs = ByModel { plan: runs, risk: if network.risk_events.is_empty() { 0 } else { runs } };
        Self {
            network,
            params,
            durations: vec![[0.0; BLOCK]; network.durations.len()],
            factors: SharedFactors { error: [1.0; BLOCK], error_and_rate: [1.0; BLOCK], pace: [1.0; BLOCK] },
            delays: vec![[0.0; BLOCK]; network.risk_events.len()],
            starts: vec![[0.0; BLOCK]; nodes],
            finishes: vec![[0.0; BLOCK]; nodes],
            is_critical: vec![[false; BLOCK]; nodes],
            keys,
            part: PartialResult {
                times: runs.map(|runs| FinishTimes::new(params.nodes.len(), runs)),
                critical: vec![0; nodes],
                critical_groups: vec![0; params.groups.len()],
            },
        }
    }

    fn simulate_blocks(mut self, blocks: Range<usize>, draws: usize) -> PartialResult {
        let first = blocks.start * BLOCK;
        for block in blocks {
            let begin = block * BLOCK;
            let runs = (begin - first)..((begin + BLOCK).min(draws) - first);
            self.draw_block(block);
            self.forward_pass(ForecastModel::Plan);
            self.record(ForecastModel::Plan, runs.clone());
            self.mark_critical(runs.len());
            if !self.delays.is_empty() {
                self.forward_pass(ForecastModel::Risk);
                self.record(ForecastModel::Risk, runs);
            }
        }
        self.part
    }

    /// Draws the durations and delays of one block.
    fn draw_block(&mut self, block: usize) {
        let network = self.network;
        self.draw_factors(block);
        let (duration_keys, risk_keys) = self.keys.split_at(network.durations.len());
        for ((duration, key), draws) in network.durations.iter().zip(duration_keys).zip(&mut self.durations) {
            let mut random = stream(*key, block * BLOCK);
            draws.fill_with(|| between_0_and_1(&mut random));
            duration.draw(&self.factors, draws);
        }
        for ((risk_event, key), delays) in network.risk_events.iter().zip(risk_keys).zip(&mut self.delays) {
            let mut random = stream(*key, 2 * block * BLOCK);
            for delay in delays {
                let (occurrence, length) = (between_0_and_1(&mut random), between_0_and_1(&mut random));
                *delay = if occurrence < risk_event.probability { risk_event.delay.quantile(length) } else { 0.0 };
            }
        }
    }

    /// Draws the factors that the durations of one block share.
    fn draw_factors(&mut self, block: usize) {
        let SharedDistributions { error, rate, pace } = &self.network.shared;
        let SharedFactors { error: errors, error_and_rate: both, pace: paces } = &mut self.factors;
        for (key, distribution, factors) in
            [(ERROR_KEY, error, &mut *errors), (RATE_KEY, rate, both), (PACE_KEY, pace, paces)]
        {
            if !distribution.is_certain() {
                let mut random = stream(fnv1a(key), block * BLOCK);
                factors.fill_with(|| distribution.quantile(between_0_and_1(&mut random)));
            }
        }
        for (rate, error) in self.factors.error_and_rate.iter_mut().zip(&self.factors.error) {
            *rate *= error;
        }
    }

    /// The forward pass of one block.
    fn forward_pass(&mut self, model: ForecastModel) {
        for (index, node) in self.network.nodes.iter().enumerate() {
            let (done, open) = self.finishes.split_at_mut(index);
            let (start, finish) = (&mut self.starts[index], &mut open[0]);
            *start = [node.not_before; BLOCK];
            for &Predecessor { node: before, lag } in &node.before {
                for (start, finish) in start.iter_mut().zip(&done[before]) {
                    let ready = finish + lag;
                    // One instruction; `f64::max` also checks for NaN.
                    *start = if ready > *start { ready } else { *start };
                }
            }
            *finish = [node.delay; BLOCK];
            if let Some((index, part)) = node.duration {
                for (finish, duration) in finish.iter_mut().zip(&self.durations[index]) {
                    *finish += part * duration;
                }
            }
            for &risk_event in node.risk_events.iter().filter(|_| model == ForecastModel::Risk) {
                for (finish, delay) in finish.iter_mut().zip(&self.delays[risk_event]) {
                    *finish += delay;
                }
            }
            for (finish, start) in finish.iter_mut().zip(start) {
                *finish = *start + finish.max(0.0);
            }
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "seconds are enough, and half the memory")]
    fn record(&mut self, model: ForecastModel, runs: Range<usize>) {
        let times = self.part.times.get_mut(model);
        let all = times.runs();
        for (index, &(node, due)) in self.params.nodes.iter().enumerate() {
            let finishes = &self.finishes[node][..runs.len()];
            let days = &mut times.days[index * all + runs.start..index * all + runs.end];
            for (day, &finish) in days.iter_mut().zip(finishes) {
                *day = (finish as f32).to_bits();
            }
            if let Some(due) = due {
                // A sum of durations may be above the due date only by rounding.
                times.on_time[index] += finishes.iter().map(|&finish| u32::from(finish <= due + 1e-9)).sum::<u32>();
            }
        }
    }

    /// The backward pass of one block: marks the predecessors that finish when a marked node starts.
    fn mark_critical(&mut self, runs: usize) {
        let nodes = &self.network.nodes[..=self.params.critical_to];
        for marks in &mut self.is_critical {
            *marks = [false; BLOCK];
        }
        self.is_critical[self.params.critical_to] = [true; BLOCK];
        for (index, node) in nodes.iter().enumerate().rev() {
            let (before, here) = self.is_critical.split_at_mut(index);
            let (marks, start) = (&here[0], &self.starts[index]);
            if !marks.contains(&true) {
                continue;
            }
            for &Predecessor { node: driver, lag } in &node.before {
                let each = before[driver].iter_mut().zip(&self.finishes[driver]).zip(start.iter().zip(marks));
                for ((mark, finish), (start, is_critical)) in each {
                    *mark |= *is_critical && finish + lag >= start - ROUNDING;
                }
            }
            self.part.critical[index] += marks[..runs].iter().map(|&mark| u32::from(mark)).sum::<u32>();
        }
        for (group, count) in self.params.groups.iter().zip(&mut self.part.critical_groups) {
            let mut any = [false; BLOCK];
            for &node in group {
                for (any, mark) in any.iter_mut().zip(&self.is_critical[node]) {
                    *any |= mark;
                }
            }
            *count += any[..runs].iter().map(|&mark| u32::from(mark)).sum::<u32>();
        }
    }
}

/// The random numbers of `key`, starting at number `first`. The state of a `SplitMix64` is a counter, so
/// any position in the sequence can be computed.
fn stream(key: u64, first: usize) -> SplitMix64 {
    const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
    let start = SplitMix64::from_seed(key.to_le_bytes()).next_u64();
    SplitMix64::from_seed(start.wrapping_add(STEP.wrapping_mul(first as u64)).to_le_bytes())
}

/// The middle of one of 2^52 equal steps, so never 0 and never 1.
#[expect(clippy::cast_precision_loss, reason = "52 bits fit")]
fn between_0_and_1(random: &mut SplitMix64) -> f64 {
    // Signed, since processors turn signed integers into floats in one step.
    ((random.next_u64() >> 12).cast_signed() as f64 + 0.5) / (1_i64 << 52) as f64
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "exact by construction")]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_interpolated_between_the_nearest_values() {
        let percentiles =
            |times: &[f32]| percentiles(&mut times.iter().map(|time| time.to_bits()).collect::<Vec<_>>()).into_array();
        let times: Vec<f32> = (0..=100_u8).rev().map(f32::from).collect();
        assert_eq!(percentiles(&times), [50.0, 85.0, 95.0]);
        assert_eq!(percentiles(&[60.0, 20.0, 40.0, 80.0]), [50.0, 71.0, 77.0]);
        assert_eq!(percentiles(&[7.0]), [7.0; 3]);
        assert_eq!(percentiles(&[0.0, 0.0]), [0.0; 3]);
    }

    #[test]
    fn a_small_simulation_has_one_thread() {
        let processors = thread::available_parallelism().unwrap().get();
        for (visits, threads) in [(0, 1), (599_999, 1), (600_000, 2.min(processors)), (usize::MAX, processors)] {
            assert_eq!(default_threads(visits), threads, "{visits}");
        }
    }

    #[test]
    fn random_numbers_are_between_0_and_1() {
        let mut random = stream(fnv1a(b"ml/azure"), 0);
        let numbers: Vec<f64> = (0..1000).map(|_| between_0_and_1(&mut random)).collect();
        assert!(numbers.iter().all(|number| (0.0..1.0).contains(number)));
        let mean = numbers.iter().sum::<f64>() / 1000.0;
        assert!((mean - 0.5).abs() < 0.03, "{mean}");
    }

    #[test]
    fn a_stream_can_start_at_any_number() {
        let mut all = stream(fnv1a(b"ml/azure"), 0);
        let first: Vec<u64> = (0..20).map(|_| all.next_u64()).collect();
        let mut later = stream(fnv1a(b"ml/azure"), 13);
        assert_eq!(later.next_u64(), first[13]);
        assert_ne!(stream(fnv1a(b"ml/azurf"), 0).next_u64(), first[0]);
    }
}
