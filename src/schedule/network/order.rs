//! The order of a network's nodes, and its contraction.

use crate::model::topology::topological_order;
use crate::schedule::network::{ItemNodes, Network, NetworkNode, Predecessor};

/// Merges nodes that only mark the start or the finish of another node of the same item, and returns
/// which nodes are removed. Most items keep one node, and a simulation run visits every node.
pub(crate) fn contract(network: &mut Network) -> Vec<bool> {
    let nodes = &mut network.nodes;
    let is_bare = |node: &NetworkNode| {
        node.duration.is_none()
            && node.delay == 0.0
            && node.not_before == 0.0
            && node.fixed_date.is_none()
            && node.risk_events.is_empty()
    };
    let mut removed = vec![false; nodes.len()];
    let mut replaced_by: Vec<usize> = (0..nodes.len()).collect();
    for index in 0..nodes.len() {
        if let [Predecessor { node: before, lag: 0.0 }] = nodes[index].before[..]
            && is_bare(&nodes[index])
            && nodes[index].item.is_some()
            && nodes[index].item == nodes[before].item
        {
            (removed[index], replaced_by[index]) = (true, replaced_by[before]);
        }
    }
    let mut successors = vec![0; nodes.len()];
    for (node, _) in nodes.iter_mut().zip(&removed).filter(|(_, removed)| !**removed) {
        for before in &mut node.before {
            before.node = replaced_by[before.node];
        }
        // If two edges connect the same nodes, the longer lag counts.
        node.before.sort_by(|one, other| one.node.cmp(&other.node).then(other.lag.total_cmp(&one.lag)));
        node.before.dedup_by_key(|before| before.node);
        node.before.iter().for_each(|before| successors[before.node] += 1);
    }
    for index in 0..nodes.len() {
        if let [Predecessor { node: start, lag: 0.0 }] = nodes[index].before[..]
            && !removed[index]
            && successors[start] == 1
            && nodes[index].not_before == 0.0
            && is_bare(&nodes[start])
            && nodes[index].item == nodes[start].item
        {
            nodes[index].before = std::mem::take(&mut nodes[start].before);
            (removed[start], replaced_by[start]) = (true, index);
        }
    }
    for nodes in network.items.values_mut() {
        *nodes = ItemNodes { start: replaced_by[nodes.start], finish: replaced_by[replaced_by[nodes.finish]] };
    }
    removed
}

/// The network in topological order, without the removed nodes; `None` if it has a cycle.
pub(crate) fn sorted(mut network: Network, removed: &[bool]) -> Option<Network> {
    let end = network.nodes.len() - 1;
    let mut has_successor = vec![false; network.nodes.len()];
    let live = || (0..end).filter(|&index| !removed[index]);
    for index in live() {
        // With a lead, the successor may finish first.
        let followed = network.nodes[index].before.iter().filter(|before| before.lag >= 0.0);
        followed.for_each(|before| has_successor[before.node] = true);
    }
    // Only nodes without successors can finish last.
    network.nodes[end].before = live().filter(|&index| !has_successor[index]).map(Predecessor::from).collect();
    let nodes_before = |node: &NetworkNode| node.before.iter().map(|before| before.node).collect();
    let before: Vec<Vec<usize>> = network.nodes.iter().map(nodes_before).collect();
    let mut order = topological_order(&before, |index| index != end && !removed[index]);
    let has_cycle = order.len() < live().count();
    order.push(end);
    (!has_cycle).then(|| reordered(network, &order))
}

fn reordered(mut network: Network, order: &[usize]) -> Network {
    let mut position = vec![0; network.nodes.len()];
    for (new, &old) in order.iter().enumerate() {
        position[old] = new;
    }
    let mut nodes: Vec<Option<NetworkNode>> = network.nodes.into_iter().map(Some).collect();
    network.nodes = order.iter().filter_map(|&old| nodes[old].take()).collect();
    for node in &mut network.nodes {
        for before in &mut node.before {
            before.node = position[before.node];
        }
    }
    for nodes in network.items.values_mut() {
        *nodes = ItemNodes { start: position[nodes.start], finish: position[nodes.finish] };
    }
    network
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::model::Item;
    use crate::schedule::network::FixedDate;
    use crate::schedule::network::duration::SharedDistributions;
    use crate::schedule::normal::LogNormal;

    use super::*;

    fn node(item: Item, before: &[usize], not_before: f64) -> NetworkNode {
        NetworkNode {
            item: Some(item),
            before: before.iter().copied().map(Predecessor::from).collect(),
            not_before,
            fixed_date: None,
            delay: 0.0,
            risk_events: Vec::new(),
            duration: None,
        }
    }

    /// Whether the start and the finish of one item are removed.
    fn removed(start: NetworkNode, finish: NetworkNode) -> Vec<bool> {
        let mut network = Network {
            nodes: vec![start, finish],
            durations: Vec::new(),
            shared: SharedDistributions {
                error: LogNormal::new(0.0),
                rate: LogNormal::new(0.0),
                pace: LogNormal::new(0.0),
            },
            risk_events: Vec::new(),
            items: BTreeMap::from([(Item::Area(0), ItemNodes { start: 0, finish: 1 })]),
            bases: BTreeMap::new(),
            remaining: BTreeMap::new(),
            days_per_point: None,
            pace: None,
        };
        contract(&mut network)
    }

    #[test]
    fn a_finish_that_adds_nothing_to_its_start_is_removed() {
        let start = || NetworkNode { duration: Some((0, 1.0)), ..node(Item::Area(0), &[], 0.0) };
        assert_eq!(removed(start(), node(Item::Area(0), &[0], 0.0)), [false, true]);
        // A date, a delay, a risk or another item is a reason to keep it.
        assert_eq!(removed(start(), node(Item::Area(0), &[0], 3.0)), [false, false]);
        assert_eq!(removed(start(), NetworkNode { delay: 2.0, ..node(Item::Area(0), &[0], 0.0) }), [false, false]);
        let due = NetworkNode { fixed_date: Some(FixedDate::Overdue), ..node(Item::Area(0), &[0], 0.0) };
        assert_eq!(removed(start(), due), [false, false]);
        let risky = NetworkNode { risk_events: vec![0], ..node(Item::Area(0), &[0], 0.0) };
        assert_eq!(removed(start(), risky), [false, false]);
        assert_eq!(removed(start(), node(Item::Area(1), &[0], 0.0)), [false, false]);
    }

    #[test]
    fn a_start_that_adds_nothing_to_its_finish_is_removed() {
        let finish = || NetworkNode { duration: Some((0, 1.0)), ..node(Item::Area(0), &[0], 0.0) };
        assert_eq!(removed(node(Item::Area(0), &[], 0.0), finish()), [true, false]);
        assert_eq!(removed(node(Item::Area(0), &[], 3.0), finish()), [false, false]);
        // The item starts before its finish is possible.
        assert_eq!(removed(node(Item::Area(0), &[], 0.0), node(Item::Area(0), &[0], 3.0)), [false, false]);
    }
}
