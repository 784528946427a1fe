//! The order in which a network is run through.

use crate::schedule::network::{ItemNodes, Network, NetworkNode};

/// Takes nodes out of the way that are nothing but the beginning or the end of another node of the
/// same item; tells which. Most items are left with one node, and a simulation visits every node.
#[must_use]
pub fn contract(network: &mut Network) -> Vec<bool> {
    let nodes = &mut network.nodes;
    let is_bare = |node: &NetworkNode| {
        node.duration.is_none() && node.delay == 0.0 && node.not_before == 0.0 && node.risk_events.is_empty()
    };
    let mut gone = vec![false; nodes.len()];
    let mut stands_for: Vec<usize> = (0..nodes.len()).collect();
    for index in 0..nodes.len() {
        if let [before] = nodes[index].before[..]
            && is_bare(&nodes[index])
            && nodes[index].item.is_some()
            && nodes[index].item == nodes[before].item
        {
            (gone[index], stands_for[index]) = (true, stands_for[before]);
        }
    }
    let mut users = vec![0; nodes.len()];
    for (node, _) in nodes.iter_mut().zip(&gone).filter(|(_, gone)| !**gone) {
        for before in &mut node.before {
            *before = stands_for[*before];
        }
        node.before.sort_unstable();
        node.before.dedup();
        node.before.iter().for_each(|&before| users[before] += 1);
    }
    for index in 0..nodes.len() {
        if let [start] = nodes[index].before[..]
            && !gone[index]
            && users[start] == 1
            && is_bare(&nodes[start])
            && nodes[index].item == nodes[start].item
        {
            nodes[index].before = std::mem::take(&mut nodes[start].before);
            (gone[start], stands_for[start]) = (true, index);
        }
    }
    for place in network.items.values_mut() {
        *place = ItemNodes { start: stands_for[place.start], finish: stands_for[stands_for[place.finish]] };
    }
    gone
}

/// Nodes in an order in which each comes after those before it, without those that are gone: Kahn's
/// algorithm. `None` where some wait for each other.
#[must_use]
pub fn sorted(mut network: Network, gone: &[bool]) -> Option<Network> {
    let end = network.nodes.len() - 1;
    let live = || (0..end).filter(|&index| !gone[index]);
    let mut after: Vec<Vec<usize>> = vec![Vec::new(); end];
    for index in live() {
        network.nodes[index].before.iter().for_each(|&before| after[before].push(index));
    }
    // What others wait for isn't finished last; the end needn't wait for it.
    network.nodes[end].before = live().filter(|&index| after[index].is_empty()).collect();
    let mut waiting: Vec<usize> = network.nodes.iter().map(|node| node.before.len()).collect();
    let mut order: Vec<usize> = live().filter(|&index| waiting[index] == 0).collect();
    let mut next = 0;
    while let Some(&index) = order.get(next) {
        next += 1;
        for &later in &after[index] {
            waiting[later] -= 1;
            if waiting[later] == 0 {
                order.push(later);
            }
        }
    }
    let is_whole = order.len() == live().count();
    order.push(end);
    is_whole.then(|| reordered(network, &order))
}

fn reordered(mut network: Network, order: &[usize]) -> Network {
    let mut place = vec![0; network.nodes.len()];
    for (new, &old) in order.iter().enumerate() {
        place[old] = new;
    }
    let mut nodes: Vec<Option<NetworkNode>> = network.nodes.into_iter().map(Some).collect();
    network.nodes = order.iter().filter_map(|&old| nodes[old].take()).collect();
    for node in &mut network.nodes {
        for before in &mut node.before {
            *before = place[*before];
        }
    }
    for item in network.items.values_mut() {
        *item = ItemNodes { start: place[item.start], finish: place[item.finish] };
    }
    network
}
