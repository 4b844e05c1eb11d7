package client

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
)

// Get reads a place of the node's interface, as /v1/agreements/NAME, into a
// value as encoding/json does.
func (c *Client) Get(ctx context.Context, path string, into any) error {
	data, err := c.fetch(ctx, "GET", path, nil)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// Ask posts a question that takes a body, as /v1/options does, and reads the
// answer into a value as encoding/json does.
func (c *Client) Ask(ctx context.Context, path string, question, into any) error {
	body, err := json.Marshal(question)
	if err != nil {
		return err
	}
	data, err := c.fetch(ctx, "POST", path, body)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// ReadOrigin returns the name of the node's journal, as its checkpoint has it.
func (c *Client) ReadOrigin(ctx context.Context) (string, error) {
	checkpoint, err := c.Checkpoint(ctx)
	if err != nil {
		return "", err
	}
	origin, _, _ := strings.Cut(string(checkpoint), "\n")
	return origin, nil
}
