// Replacement of k8s-sidecar for tests without access to its registry. It supports the environment variables that the
// chart sets, and has the same behaviour towards the API and the directory.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"
)

// Directory of the pod's token.
const account = "/var/run/secrets/kubernetes.io/serviceaccount"

type configMap struct {
	Metadata struct {
		Name, Namespace, ResourceVersion string
	}
	Data map[string]string
}

type sidecar struct {
	client   *http.Client
	server   string
	selector string
	folder   string
}

func main() {
	log.SetFlags(0)
	if resource := os.Getenv("RESOURCE"); resource != "configmap" {
		log.Fatalf("unsupported RESOURCE=%s: only configmap is supported", resource)
	}
	// Otherwise, files of equal names in two namespaces would overwrite each other.
	if os.Getenv("UNIQUE_FILENAMES") != "true" {
		log.Fatal("unsupported UNIQUE_FILENAMES: only true is supported")
	}
	if os.Getenv("LABEL") == "" || os.Getenv("FOLDER") == "" {
		log.Fatal("LABEL and FOLDER are required")
	}
	selector := os.Getenv("LABEL")
	if value := os.Getenv("LABEL_VALUE"); value != "" {
		selector += "=" + value
	}
	certificate, err := os.ReadFile(filepath.Join(account, "ca.crt"))
	if err != nil {
		log.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(certificate)
	it := sidecar{
		client:   &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}},
		server:   "https://" + os.Getenv("KUBERNETES_SERVICE_HOST") + ":" + os.Getenv("KUBERNETES_SERVICE_PORT"),
		selector: selector,
		folder:   os.Getenv("FOLDER"),
	}

	namespaces := strings.Split(os.Getenv("NAMESPACE"), ",")
	if namespaces[0] == "" {
		own, err := os.ReadFile(filepath.Join(account, "namespace"))
		if err != nil {
			log.Fatal(err)
		}
		namespaces = []string{string(own)}
	}
	var waiting atomic.Int32
	waiting.Store(int32(len(namespaces)))
	for _, namespace := range namespaces {
		path := "/api/v1/namespaces/" + namespace + "/configmaps"
		if namespace == "ALL" {
			path = "/api/v1/configmaps"
		}
		go it.follow(path, func() { waiting.Add(-1) })
	}
	http.HandleFunc("/healthz", func(response http.ResponseWriter, _ *http.Request) {
		if waiting.Load() > 0 {
			response.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	log.Fatal(http.ListenAndServe(":8080", nil))
}

// follow writes the files of all ConfigMaps at path, then applies changes. It calls listed after the first list.
func (it *sidecar) follow(path string, listed func()) {
	for isFirst := true; ; time.Sleep(time.Second) {
		version, err := it.list(path)
		if err == nil {
			if isFirst {
				listed()
				isFirst = false
			}
			err = it.watch(path, version)
		}
		log.Printf("%s: %v", path, err)
	}
}

func (it *sidecar) list(path string) (string, error) {
	var list struct {
		Metadata struct{ ResourceVersion string }
		Items    []configMap
	}
	response, err := it.get(path, url.Values{})
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(&list); err != nil {
		return "", err
	}
	for _, item := range list.Items {
		if err := it.write(item); err != nil {
			return "", err
		}
	}
	return list.Metadata.ResourceVersion, nil
}

func (it *sidecar) watch(path, version string) error {
	response, err := it.get(path, url.Values{"watch": {"true"}, "resourceVersion": {version}, "timeoutSeconds": {"60"}})
	if err != nil {
		return err
	}
	defer response.Body.Close()
	for decoder := json.NewDecoder(response.Body); ; {
		var event struct {
			Type   string
			Object configMap
		}
		if err := decoder.Decode(&event); err != nil {
			return err
		}
		switch event.Type {
		case "ADDED", "MODIFIED":
			err = it.write(event.Object)
		case "DELETED":
			err = it.remove(event.Object)
		default:
			err = errors.New(event.Type)
		}
		if err != nil {
			return err
		}
	}
}

func (it *sidecar) get(path string, query url.Values) (*http.Response, error) {
	// Tokens are rotated.
	token, err := os.ReadFile(filepath.Join(account, "token"))
	if err != nil {
		return nil, err
	}
	query.Set("labelSelector", it.selector)
	request, err := http.NewRequest(http.MethodGet, it.server+path+"?"+query.Encode(), nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+string(token))
	response, err := it.client.Do(request)
	if err == nil && response.StatusCode != http.StatusOK {
		response.Body.Close()
		err = errors.New(response.Status)
	}
	return response, err
}

func (it *sidecar) file(object configMap, key string) string {
	name := fmt.Sprintf("namespace_%s.configmap_%s.%s", object.Metadata.Namespace, object.Metadata.Name, key)
	return filepath.Join(it.folder, name)
}

func (it *sidecar) write(object configMap) error {
	for key, text := range object.Data {
		if err := os.WriteFile(it.file(object, key), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func (it *sidecar) remove(object configMap) error {
	for key := range object.Data {
		if err := os.Remove(it.file(object, key)); err != nil {
			return err
		}
	}
	return nil
}
