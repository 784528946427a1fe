//! Topological order of a directed graph.

/// The nodes that `is_present`, each after its predecessors: Kahn's algorithm, first in, first out.
///
/// Nodes on a cycle, and those behind one, are missing. Predecessors that aren't present don't count.
#[must_use]
pub(crate) fn topological_order(predecessors: &[Vec<usize>], is_present: impl Fn(usize) -> bool) -> Vec<usize> {
    let present = || (0..predecessors.len()).filter(|&node| is_present(node));
    let mut successors: Vec<Vec<usize>> = vec![Vec::new(); predecessors.len()];
    let mut waiting = vec![0_usize; predecessors.len()];
    for node in present() {
        for &predecessor in predecessors[node].iter().filter(|predecessor| is_present(**predecessor)) {
            successors[predecessor].push(node);
            waiting[node] += 1;
        }
    }
    let mut order: Vec<usize> = present().filter(|&node| waiting[node] == 0).collect();
    let mut next = 0;
    while let Some(&node) = order.get(next) {
        next += 1;
        for &successor in &successors[node] {
            waiting[successor] -= 1;
            if waiting[successor] == 0 {
                order.push(successor);
            }
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_node_follows_its_predecessors() {
        let predecessors = [vec![2], vec![0, 2], vec![], vec![], vec![1, 3, 3]];
        assert_eq!(topological_order(&predecessors, |_| true), [2, 3, 0, 1, 4]);
        assert_eq!(topological_order(&predecessors, |node| node != 2), [0, 3, 1, 4]);
        assert_eq!(topological_order(&[], |_| true), Vec::<usize>::new());
    }

    #[test]
    fn nodes_on_and_behind_a_cycle_are_missing() {
        let predecessors = [vec![], vec![0, 2], vec![1], vec![2], vec![4], vec![0]];
        assert_eq!(topological_order(&predecessors, |_| true), [0, 5]);
        assert_eq!(topological_order(&predecessors, |node| node != 1), [0, 2, 5, 3]);
    }
}
